"""What words mean and what is allowed. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations
