"""Why nothing is being dialled, and why a person was called or was not, with the rule that decided."""

from __future__ import annotations
