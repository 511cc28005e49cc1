"""An IVR flow as a picture: nodes in ranks, lines that cross nothing, SVG."""

from __future__ import annotations
