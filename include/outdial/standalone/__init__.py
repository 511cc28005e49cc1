"""Everything on one machine: started in order, stopped in reverse; the demo."""

from __future__ import annotations
