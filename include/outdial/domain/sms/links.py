"""Links in texts: where they stand, where they lead, and the short ones that are sent in their place.

Begin text replaces them for each contact, and preview counts with them; `link_codes` makes the codes.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

import idna

from outdial.domain.errors import Broken
from outdial.domain.sms.link_codes import CODE_LENGTH, SAMPLE_CODE

_BEGINNING = re.compile(r"[hH][tT][tT][pP][sS]?://")
_IN_A_URL = frozenset(string.ascii_letters + string.digits + "-._~:/?#[]@!$&'()*+,;=%")
_BETWEEN_URLS = frozenset(",;")
_NOT_LAST = frozenset(".,:;!?'([")
_OPENED_BY = {")": "(", "]": "["}
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_ADDRESS = re.compile(r"[0-9a-f:.]+")
_LONGEST_HOST = 253


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link from `start` up to `end` of a text. `url` is what a browser asks for, in ASCII."""

    start: int
    end: int
    url: str


def find_links(text: str) -> tuple[FoundLink, ...]:
    """Every http and https URL of a filled text, in its order.

    Punctuation and brackets around it are none of it. Left out are URLs without a host that can exist, and
    those with a name or password before it.
    """
    found: list[FoundLink] = []
    position = 0
    while begins := _BEGINNING.search(text, position):
        start, position = begins.start(), _end_of_url(text, begins.end())
        url = None if _is_inside_a_word(text, start) else _as_asked_for(text[start:position])
        if url is not None:
            found.append(FoundLink(start, position, url))
    return tuple(found)


def with_short_links(text: str, codes: Sequence[str], base_url: str) -> str:
    """The text with its links, in their order, replaced by those of `codes`; all else is as it was.

    Raises Broken where there are not as many codes as links.
    """
    links = find_links(text)
    if len(codes) != len(links):
        raise Broken(f"{len(codes)} codes for a text of {len(links)} links")
    pieces: list[str] = []
    kept_from = 0
    for link, code in zip(links, codes, strict=True):
        pieces += (text[kept_from : link.start], short_link(base_url, code))
        kept_from = link.end
    return "".join((*pieces, text[kept_from:]))


def with_sample_links(text: str, base_url: str) -> str:
    """The text with links that lead nowhere and are as long as the real ones: what preview counts."""
    return with_short_links(text, [SAMPLE_CODE] * len(find_links(text)), base_url)


def short_link(base_url: str, code: str) -> str:
    """The link of a code; `base_url` is LINKS_BASE_URL."""
    return f"{base_url.rstrip('/')}/{code}"


def length_of_short_link(base_url: str) -> int:
    """How many characters each short link has."""
    return len(short_link(base_url, "")) + CODE_LENGTH


def base_url_problem(base_url: str) -> str | None:
    """Why no short link can begin so, in words that follow the setting's name; None where they can."""
    links = find_links(base_url)
    if len(links) != 1 or links[0].url != base_url:
        return "is no plain web address; write one such as https://l.example.org"
    if "?" in base_url or "#" in base_url:
        return "has a ? or #, after which no code can stand; leave it out"
    return None


def _is_inside_a_word(text: str, start: int) -> bool:
    # Scripts without capitals write words together with what comes before: Hebrew and Arabic prepositions,
    # and all of Chinese, Japanese and Thai.
    before = text[start - 1 : start]
    return before == "_" or before.isdigit() or before.lower() != before.upper()


def _end_of_url(text: str, start: int) -> int:
    opened = dict.fromkeys(_OPENED_BY.values(), 0)
    end = start
    while end < len(text) and _goes_on(text, end, opened):
        if text[end] in opened:
            opened[text[end]] += 1
        elif text[end] in _OPENED_BY:
            opened[_OPENED_BY[text[end]]] -= 1
        end += 1
    while end > start and text[end - 1] in _NOT_LAST:
        end -= 1
    return end


def _goes_on(text: str, index: int, opened: dict[str, int]) -> bool:
    character = text[index]
    if character in _OPENED_BY:
        return opened[_OPENED_BY[character]] > 0
    if character in _BETWEEN_URLS and _BEGINNING.match(text, index + 1):
        return False
    # Letters, marks and digits of other scripts stand in hosts and paths as people copy them; their
    # punctuation, quotation marks and marks of direction stand around URLs.
    return character in _IN_A_URL or (not character.isascii() and unicodedata.category(character)[0] in "LMN")


def _as_asked_for(written: str) -> str | None:
    try:
        parts = urlsplit(written)
        port = "" if parts.port is None else f":{parts.port}"
        host = None if "@" in parts.netloc else _ascii_host(parts)
    except ValueError:
        return None
    if host is None:
        return None
    rest = written[len(f"{parts.scheme}://{parts.netloc}") :]
    return f"{parts.scheme}://{host}{port}{quote(rest, safe=string.punctuation)}"


def _ascii_host(parts: SplitResult) -> str | None:
    """Raises ValueError for a host of another script that cannot exist."""
    host = parts.hostname or ""
    if ":" in host:
        return f"[{host}]" if _ADDRESS.fullmatch(host) else None
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode()
    labels = host.removesuffix(".").split(".")
    return host if len(host) <= _LONGEST_HOST and all(map(_LABEL.fullmatch, labels)) else None
