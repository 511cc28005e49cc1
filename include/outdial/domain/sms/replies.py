"""What a reply asks for. Where that may be an opt-out, nothing more is sent until a person has read it.

47 CFR 64.1200(a)(10): STOP and six other words revoke consent by themselves, and any other reply does "if a
reasonable person would understand those words" so. Nobody need write STOP alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from outdial.domain.sms.keywords import Keywords, Languages, MessageWords
from outdial.domain.sms.normal_words import normal_words

_SENTENCE_END = re.compile(r"[.!\u06d4\n]+")


class ReplyKind(StrEnum):
    """What a reply asks for."""

    STOP = "stop"
    """Nothing more, by text or by call; confirmed once."""
    START = "start"
    """Texts again, after a STOP."""
    HELP = "help"
    """Who this is and how to stop."""
    UNCLEAR = "unclear"
    """Perhaps nothing more: a person decides, and until then nothing is sent and nothing confirmed."""
    OTHER = "other"
    """Anything else."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's meaning; `found` is what says so, and `language` is its own, None for a campaign's words."""

    kind: ReplyKind
    found: str = ""
    language: str | None = None

    @property
    def silences(self) -> bool:
        """May nothing more be sent to this number, nor called, for good or until a person has decided?"""
        return self.kind in {ReplyKind.STOP, ReplyKind.UNCLEAR}


def read_reply(text: str, keywords: Keywords) -> Reply:
    """What a message asks for. The safer reading wins: STOP over START, doubt over all but a plain STOP."""
    words = normal_words(text)
    polite = _without_courtesies(words, keywords)
    return (
        _plain_stop(words, keywords)
        or _within(ReplyKind.UNCLEAR, words, keywords.negations)
        or _within(ReplyKind.STOP, words, keywords.phrases)
        or _sentence_of_its_own(text, keywords)
        or _within(ReplyKind.UNCLEAR, words, keywords.doubts)
        or _within(ReplyKind.UNCLEAR, words, _telling(keywords))
        or _whole(ReplyKind.START, words, keywords.start)
        or _whole(ReplyKind.START, polite, keywords.start)
        or _whole(ReplyKind.HELP, words, keywords.help)
        or _whole(ReplyKind.HELP, polite, keywords.help)
        or Reply(ReplyKind.OTHER)
    )


def _plain_stop(words: MessageWords, keywords: Keywords) -> Reply | None:
    """Stop words alone, however often, beside politeness, numbers and emoji: `STOP 36111. Please stop!`"""
    whole = _whole(ReplyKind.STOP, words, keywords.stop)
    core = tuple(
        word
        for word in _without_courtesies(words, keywords)
        if (word,) in keywords.stop or any(character.isalpha() for character in word)
    )
    if core and all((word,) in keywords.stop for word in core):
        return whole or _whole(ReplyKind.STOP, core[:1], keywords.stop)
    return whole or _whole(ReplyKind.STOP, core, keywords.stop)


def _sentence_of_its_own(text: str, keywords: Keywords) -> Reply | None:
    """`Wrong number. STOP` stops; `Not today. Cancel.` may be about something else."""
    sentences = (normal_words(sentence) for sentence in _SENTENCE_END.split(text))
    found = [reply for words in sentences if (reply := _plain_stop(words, keywords))]
    plain = [reply for reply in found if tuple(reply.found.split()) not in keywords.alone]
    if plain or not found:
        return plain[0] if plain else None
    return replace(found[0], kind=ReplyKind.UNCLEAR)


def _without_courtesies(words: MessageWords, keywords: Keywords) -> MessageWords:
    return tuple(word for word in words if word not in keywords.courtesies)


def _telling(keywords: Keywords) -> Languages:
    """The stop words that say something within a sentence."""
    return {word: language for word, language in keywords.stop.items() if word not in keywords.alone}


def _whole(kind: ReplyKind, words: MessageWords, known: Languages) -> Reply | None:
    return Reply(kind, " ".join(words), known[words]) if words in known else None


def _within(kind: ReplyKind, words: MessageWords, known: Languages) -> Reply | None:
    found = next((run for run in _runs(words, known) if run in known), None)
    return None if found is None else Reply(kind, " ".join(found), known[found])


def _runs(words: MessageWords, known: Iterable[MessageWords]) -> Iterable[MessageWords]:
    """Every run of words in the message that is as long as some known one."""
    for length in sorted({len(each) for each in known}, reverse=True):
        for start in range(len(words) - length + 1):
            yield words[start : start + length]
