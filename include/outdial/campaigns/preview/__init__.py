"""Of all contacts, who can be called now, later and never, why, and how long the first pass takes."""

from __future__ import annotations
