"""The called side of the tests: sipp processes, and the numbers whose last four digits say what happens.

0NNN  refuses at once with SIP NNN       2000  rings, answers and stays        3000  rings for ever
1NNN  rings, then refuses with SIP NNN   2001  rings, answers and leaves       4000  never replies at all
                                         2016  the same, with a Q.850 cause
                                         2183  early media, then answers and stays
"""

from __future__ import annotations

from pathlib import Path

TEMPLATE = Path(__file__).with_name("callees.xml")
CODES = (
    402, 403, 404, 408, 410, 480, 484, 486, 487, 488, 500, 502, 503, 504, 600, 603, 604, 607, 608,
)  # fmt: skip
ANSWERS, LEAVES, LEAVES_WITH_A_REASON, EARLY_MEDIA, RINGS, SILENT = (
    "2000",
    "2001",
    "2016",
    "2183",
    "3000",
    "4000",
)


def refuses(code: int) -> str:
    """Refuses at once, as networks do."""
    return f"0{code}"


def rings_and_refuses(code: int) -> str:
    """Rings before it refuses, as people do."""
    return f"1{code}"


def number(behaviour: str, nth: int = 0) -> str:
    """The `nth` number that behaves so."""
    return f"+1202{555 + nth}{behaviour}"


def scenario() -> str:
    """What the called parties do, as sipp is told it."""
    which = "".join(
        f'<ereg regexp="{code}@" search_in="hdr" header="To:" assign_to="is_{code}"/>\n' for code in CODES
    )
    branches = "".join(f'<nop next="send_{code}" test="is_{code}"/>\n' for code in CODES)
    refusals = "".join(_REFUSAL.format(code=code) for code in CODES)
    template = TEMPLATE.read_text("utf-8")
    for part, text in {"WHICH_CODE": which, "BRANCHES": branches, "REFUSALS": refusals}.items():
        template = template.replace(f"%{part}%", text)
    return template


_REFUSAL = """
<label id="send_{code}"/>
<send retrans="500" next="refused">
<![CDATA[
SIP/2.0 {code} Refused
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]-[pid]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]>
</send>
"""
