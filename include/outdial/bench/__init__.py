"""What `outdial bench` runs: the real parts under a known load, beside something to compare them with."""

from __future__ import annotations
