"""A real Asterisk and sipp on this machine, without root: fetched and run for benchmarks and tests."""

from __future__ import annotations
