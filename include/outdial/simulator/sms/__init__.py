"""A carrier of texts for people who have none: SMPP 3.4 and HTTP, receipts, replies and what goes wrong."""

from __future__ import annotations
