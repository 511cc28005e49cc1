"""The call-hour model: at which local hour is a contact likely to answer?

Imports nothing of `outdial`; only `workflow`, `cli` and `bench` call it.
"""

from __future__ import annotations
