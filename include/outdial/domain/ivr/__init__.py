"""The flow of a call: how it is written, what is wrong with it, and the walk through it, step by step."""

from __future__ import annotations
