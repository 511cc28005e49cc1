"""Those who carry texts: one Protocol, and who speaks it with whom."""

from __future__ import annotations
