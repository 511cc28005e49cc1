"""Vonage's signature of the fields of a message, with HMAC-SHA-256."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

FIELD = "sig"
_ESCAPED = str.maketrans("&=", "__")


def signature(fields: Mapping[str, str], secret: str) -> str:
    """Over all fields but the signature, sorted by name; what would end a field is written as _."""
    signed = "".join(
        f"&{name}={value.translate(_ESCAPED)}" for name, value in sorted(fields.items()) if name != FIELD
    )
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest().upper()


def is_signed(fields: Mapping[str, str], secret: str) -> bool:
    given = fields.get(FIELD, "").upper()
    return hmac.compare_digest(given.encode(), signature(fields, secret).encode())
