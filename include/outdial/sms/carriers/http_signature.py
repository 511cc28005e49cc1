"""Vonage's signature of webhooks by HMAC-SHA256, made and checked.

It covers the fields in the order of their names, each as "&name=value", with "_" in place of "&" and "=" in
values. So it cannot tell these three characters apart in a value; in a name none of them but "_" may stand,
or one field could swallow its neighbour unnoticed.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

SIGNATURE, TIMESTAMP = "sig", "timestamp"
_BLURRED = str.maketrans("&=", "__")


def sign(fields: Mapping[str, str], secret: str) -> str:
    """The signature of the fields without `sig`, as upper-case hexadecimal digits."""
    signed = "".join(
        f"&{name}={value.translate(_BLURRED)}" for name, value in sorted(fields.items()) if name != SIGNATURE
    )
    return hmac.new(secret.encode(), signed.encode(errors="surrogatepass"), "sha256").hexdigest().upper()


def is_signed(fields: Mapping[str, str], secret: str) -> bool:
    """Does `sig` fit the other fields? Takes as long for a near miss as for any other."""
    if any("&" in name or "=" in name for name in fields):
        return False
    given = fields.get(SIGNATURE, "").upper()
    return hmac.compare_digest(given.encode(errors="surrogatepass"), sign(fields, secret).encode())
