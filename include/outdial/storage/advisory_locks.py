"""Every advisory lock this project takes, so that no two mean different things by one number."""

from __future__ import annotations

MIGRATING = 7_301_001
"""One process migrates at a time."""

BLACKLIST = 7_301_002
"""Shared by begin attempt, exclusive while a listing commits."""

RECOVERY_LEAD = 7_301_003
"""Held by the dialer that ends what dead dialers left behind."""
