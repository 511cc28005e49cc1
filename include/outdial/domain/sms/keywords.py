"""The words by which people stop, restart and ask for help: the known ones as data, and a campaign's own.

`keywords.toml` has the known ones with their sources. A campaign adds words; it can take none away.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from outdial.domain.errors import InvalidInput
from outdial.domain.sms.normal_words import normal_words
from outdial.domain.written import Written

MessageWords = tuple[str, ...]
"""A message or a keyword as its normal words."""

Languages = Mapping[MessageWords, str | None]
"""The language of each keyword; None for a campaign's own."""


class WordList(BaseModel):
    """Words from one source; what each kind does stands at the head of `keywords.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str = Field(pattern=r"^[a-z]{2,3}$")
    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    courtesies: tuple[str, ...] = ()
    source: str = Field(min_length=1)
    url: str = ""
    evidence: Literal["primary", "secondary", "ours"]
    note: str = Field(min_length=1)
    checked: date


class OwnWords(Written):
    """The words a campaign adds to the known ones, as its file writes them."""

    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    help: tuple[str, ...] = ()


@dataclass(frozen=True)
class Keywords:
    """Every keyword in force, each with its language, in normal words."""

    stop: Languages
    start: Languages
    help: Languages
    phrases: Languages
    negations: Languages
    doubts: Languages
    alone: frozenset[MessageWords]
    courtesies: frozenset[str]


@cache
def word_lists() -> tuple[WordList, ...]:
    """The known words, list by list."""
    text = (resources.files("outdial.domain.sms") / "keywords.toml").read_text("utf-8")
    return TypeAdapter(tuple[WordList, ...]).validate_python(tomllib.loads(text)["list"])


@cache
def known_keywords() -> Keywords:
    """The known words of every language: each holds for everybody."""
    lists = word_lists()
    return Keywords(
        stop=_languages((word, each.language) for each in lists for word in each.stop),
        start=_languages((word, each.language) for each in lists for word in each.start),
        help=_languages((word, each.language) for each in lists for word in each.help),
        phrases=_languages((word, each.language) for each in lists for word in each.phrases),
        negations=_languages((word, each.language) for each in lists for word in each.negations),
        doubts=_languages((word, each.language) for each in lists for word in each.doubts),
        alone=frozenset(normal_words(word) for each in lists for word in each.alone),
        courtesies=frozenset(
            part for each in lists for word in each.courtesies for part in normal_words(word)
        ),
    )


def keywords_with(own: OwnWords) -> Keywords:
    """The known words and a campaign's own.

    Raises InvalidInput, which names each word that cannot mean what the campaign wants it to.
    """
    known = known_keywords()
    problems = own_word_problems(own)
    if problems:
        raise InvalidInput(*problems)
    return replace(
        known,
        stop=_and_own(known.stop, own.stop),
        start=_and_own(known.start, own.start),
        help=_and_own(known.help, own.help),
    )


def own_word_problems(own: OwnWords) -> list[str]:
    """One sentence for each word that says nothing, or that means something else already."""
    written = [(kind, word) for kind in _KINDS for word in getattr(own, kind)]
    return [problem for kind, word in written if (problem := _problem(kind, word, own))]


_KINDS = ("stop", "start", "help")


def _problem(kind: str, word: str, own: OwnWords) -> str | None:
    words = normal_words(word)
    if not words:
        return f'{kind}: "{word}" has neither letters nor digits; write a word that people can send'
    for other in _KINDS:
        if other != kind and words in getattr(known_keywords(), other):
            return f'{kind}: "{word}" means {other.upper()} for everybody; choose another word'
        if other != kind and words in {normal_words(each) for each in getattr(own, other)}:
            return f'{kind}: "{word}" stands under {other} too; leave it in one'
    return None


def _languages(words: Iterable[tuple[str, str | None]]) -> Languages:
    """The first list that has a word gives its language."""
    languages: dict[MessageWords, str | None] = {}
    for word, language in words:
        languages.setdefault(normal_words(word), language)
    return MappingProxyType(languages)


def _and_own(known: Languages, own: Iterable[str]) -> Languages:
    return MappingProxyType({**_languages((word, None) for word in own), **known})
