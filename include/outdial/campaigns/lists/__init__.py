"""Lists go in and out: contact lists and suppression lists as people have them, row by row, nothing lost."""

from __future__ import annotations
