"""The steps of a campaign: create, import, validate, dispatch, progress."""

from __future__ import annotations
