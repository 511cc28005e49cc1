"""List, unlist and check numbers, with ready contacts and the cache kept in step."""

from __future__ import annotations
