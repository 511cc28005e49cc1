"""The `outdial` command: parses and prints; each command imports its room when called."""

from __future__ import annotations
