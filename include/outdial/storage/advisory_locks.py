"""Every advisory lock this project takes, so that no two mean different things by one number."""

from __future__ import annotations

MIGRATING = 7_301_001
"""One process migrates at a time."""

BLACKLIST = 7_301_002
"""Shared by begin attempt, exclusive while a listing commits."""

RECOVERY_LEAD = 7_301_003
"""Held by the dialer that ends what dead dialers left behind."""

LIST_CHANGES = 7_301_004
"""One change of the blacklist, with what it does to contacts, at a time; no attempt waits for it."""

LISTED_CACHE = 7_301_005
"""Held by the dialer that fills Redis with what is listed."""

REGISTRY_IMPORT = 7_301_006
"""With the hash of a registry's name: one import of it at a time."""

ERASURE = 7_301_007
"""Shared by batches of contacts coming in, exclusive while a number is erased; taken before all others."""

TEXT_RECEIPTS = 7_301_008
"""Shared while what a carrier answered is written, exclusive while a receipt of an unknown text is kept."""
