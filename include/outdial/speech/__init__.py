"""Text made audible: voices, engines, and what they said before."""

from __future__ import annotations
