"""An attempt's whole life: begin, settle, release, recover."""

from __future__ import annotations
