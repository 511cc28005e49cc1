"""How the dialer's side and the speaking process talk: lengths, then JSON and samples, over pipes."""

from __future__ import annotations

import json
import struct
from typing import Any

LENGTHS = struct.Struct("<II")
"""Bytes of JSON, then bytes of 16-bit samples at 8 kHz."""


def packed(head: dict[str, Any], samples: bytes = b"") -> bytes:
    """One message. Asked is `{text, voice}`; back come `{}` with samples, or `{error}`."""
    written = json.dumps(head).encode()
    return LENGTHS.pack(len(written), len(samples)) + written + samples
