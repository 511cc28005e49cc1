"""How a text says that people can stop: in the campaign's own words, or by a line put below it.

Begin text and preview call it with the template, before it is filled.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Iterator, Mapping
from functools import cache
from importlib import resources
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, TypeAdapter

from outdial.domain.sms.keywords import Keywords, MessageWords, keywords_with
from outdial.domain.sms.links import find_links
from outdial.domain.sms.normal_words import normal_words
from outdial.domain.sms.settings import SmsSettings

USUAL_LANGUAGE = "en"
_FEWEST_LETTERS = 4

_SLOT = re.compile(r"\{\{[^{}]*\}\}")
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(
    "[\"'\u00ab\u2018\u201a\u201c\u201d\u201e](\\w+(?: \\w+)?)[\"'\u00bb\u2019\u2018\u201c\u201d]"
)


class StopWording(BaseModel):
    """The line of one language, and what tells the language: common words, or its letters.

    `spoken` is for calls that say a text, `spoken_done` is said to who pressed the key.
    `purposes` are stop words that say what a word is for, and not which: `to opt out, reply 9`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    wording: str
    spoken: str
    spoken_done: str
    words: frozenset[str] = frozenset()
    letters: str | None = None
    purposes: frozenset[str] = frozenset()


@cache
def stop_wordings() -> Mapping[str, StopWording]:
    """The lines by language (ISO 639)."""
    text = (resources.files("outdial.domain.sms") / "stop_wordings.toml").read_text("utf-8")
    return TypeAdapter(dict[str, StopWording]).validate_python(tomllib.loads(text))


def with_stop_wording(template: str, settings: SmsSettings) -> str:
    """The template with how to stop on a line of its own below, where it does not say so itself.

    The campaign's `stopWording` is added unless it is in the template; an empty one adds nothing.
    """
    own = settings.stop_wording
    if own is None:
        wording = (
            "" if says_how_to_stop(template, settings) else stop_wordings()[language_of(template)].wording
        )
    else:
        wording = "" if own.casefold() in template.casefold() else own
    return f"{template.rstrip()}\n{wording}" if wording else template


def says_how_to_stop(template: str, settings: SmsSettings, within: str | None = None) -> bool:
    """Does it name a word by which people stop? In capitals or quotes, where its letters have capitals.

    Where all is in capitals they say nothing; `within` is the whole text of a part.
    """
    keywords = keywords_with(settings.reply_words)
    text = _own_words_of(template)
    capitals_tell = any(not word.isupper() for word in _lettered(_own_words_of(within or template)))
    return any(_words_to_send(text, keywords, capitals_tell=capitals_tell))


def without_links(template: str, instead: str = " ") -> str:
    """The template without the links in it, also where a part of one is to be filled in."""
    links = find_links(_SLOT.sub(lambda slot: "x" * len(slot.group()), template))
    for link in reversed(links):
        template = f"{template[: link.start]}{instead}{template[link.end :]}"
    return template


def language_of(template: str) -> str:
    """The language a template is written in, among those we have a line for; English where none is told."""
    text = _own_words_of(template)
    for language, known in stop_wordings().items():
        if known.letters and re.search(known.letters, text):
            return language
    words = set(_WORD.findall(text.casefold()))
    hits = {language: len(words & known.words) for language, known in stop_wordings().items()}
    best = max(hits, key=lambda language: hits[language])
    return best if hits[best] > hits[USUAL_LANGUAGE] else USUAL_LANGUAGE


def _words_to_send(text: str, keywords: Keywords, *, capitals_tell: bool) -> Iterator[MessageWords]:
    for quoted in _QUOTED.findall(text):
        yield from _stop_words(quoted, keywords.stop)
    words = _WORD.findall(text)
    if capitals_tell:
        # Short words are anybody's initials: TD, END.
        vague = {words for words in keywords.alone if len("".join(words)) < _FEWEST_LETTERS}
        shown = " ".join(word for word in words if word.isupper())
        yield from _stop_words(shown, keywords.stop.keys() - vague)
    purposes = {word for known in stop_wordings().values() for word in known.purposes}
    caseless = " ".join(word for word in words if not _has_case(word) and word not in purposes)
    yield from _stop_words(caseless, keywords.stop.keys() - keywords.alone)


def _stop_words(text: str, known: Container[MessageWords]) -> Iterator[MessageWords]:
    return (words for words in _singles_and_pairs(normal_words(text)) if words in known)


def _singles_and_pairs(words: MessageWords) -> Iterator[MessageWords]:
    yield from ((word,) for word in words)
    yield from pairwise(words)


def _lettered(text: str) -> Iterator[str]:
    return (word for word in _WORD.findall(text) if any(character.isalpha() for character in word))


def _has_case(word: str) -> bool:
    return word.lower() != word.upper()


def _own_words_of(template: str) -> str:
    """Without what is filled in and without links: neither tells people what to write."""
    return _SLOT.sub(" ", without_links(template))
