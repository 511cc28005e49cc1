"""The words of texts: how long they are on the wire, whom they are written to, and what replies mean."""

from __future__ import annotations
