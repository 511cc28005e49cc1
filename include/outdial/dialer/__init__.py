"""The always-on process: receive, pace, begin attempt, originate, IVR, settle."""

from __future__ import annotations
