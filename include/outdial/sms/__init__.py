"""The SMS gateway: texts out, receipts and replies in."""

from __future__ import annotations
