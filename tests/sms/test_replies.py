"""Who wants no more is understood however they write it, and nobody is texted again on a guess."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from outdial.domain.errors import InvalidInput
from outdial.domain.sms.keywords import OwnWords, keywords_with, known_keywords, word_lists
from outdial.domain.sms.replies import Reply, ReplyKind, read_reply

KNOWN = known_keywords()
STOP_WORDS = sorted({word for each in word_lists() for word in each.stop})
START_WORDS = sorted({word for each in word_lists() for word in each.start})
HELP_WORDS = sorted({word for each in word_lists() for word in each.help})
PHRASES = sorted({phrase for each in word_lists() for phrase in each.phrases})

around = st.text(st.sampled_from(" \n\t.,!?-…\"'()\u200f\u200e\u202b\u202c\ufeff\u00a0"), max_size=5)


def kind_of(text: str) -> ReplyKind:
    return read_reply(text, KNOWN).kind


def full_width(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def stretched(text: str) -> str:
    """Drawn out, as in STOPPPP; nobody can tell how many a letter was meant to be that is double already."""
    return text if text[-1:] == text[-2:-1] else text[:-1] + text[-1] * 4


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


as_typed = st.sampled_from([str, str.upper, str.title, str.swapcase, full_width, stretched, decomposed])


@given(st.sampled_from(STOP_WORDS), as_typed, around, around)
def test_a_stop_word_is_a_stop_however_it_is_typed(word, typed, before, after) -> None:
    assert kind_of(before + typed(word) + after) is ReplyKind.STOP


@given(st.sampled_from(START_WORDS), as_typed, around, around)
def test_a_start_word_is_a_start_however_it_is_typed(word, typed, before, after) -> None:
    assert kind_of(before + typed(word) + after) is ReplyKind.START


@given(st.sampled_from(HELP_WORDS), as_typed, around, around)
def test_a_help_word_is_a_help_however_it_is_typed(word, typed, before, after) -> None:
    assert kind_of(before + typed(word) + after) is ReplyKind.HELP


@given(
    st.sampled_from(PHRASES),
    st.sampled_from(["", "Hello, ", "I am busy, "]),
    st.sampled_from(["", " again", " ok?"]),
)
def test_what_can_only_mean_no_more_is_a_stop_within_a_sentence(phrase, before, after) -> None:
    assert kind_of(before + phrase + after) is ReplyKind.STOP


@given(st.text(max_size=60), st.sampled_from(STOP_WORDS), st.text(max_size=60))
def test_nothing_with_a_stop_word_in_it_brings_texts_back(before, word, after) -> None:
    assert kind_of(f"{before} {word} {after}") is not ReplyKind.START


@given(st.sampled_from(STOP_WORDS), st.sampled_from(START_WORDS), st.booleans())
def test_stop_and_start_together_bring_nothing_back(stop, start, turned) -> None:
    words = (start, stop) if turned else (stop, start)
    assert kind_of(" ".join(words)) is not ReplyKind.START


@given(st.lists(st.sampled_from(sorted(KNOWN.stop)), min_size=1, max_size=3))
def test_stops_said_many_times_are_a_stop(words) -> None:
    assert kind_of("! ".join(" ".join(word) for word in words)) is not ReplyKind.OTHER
    assert kind_of(" ".join(["STOP"] * len(words))) is ReplyKind.STOP


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Stop. Thank you", "stop"),
        ("please stop", "stop"),
        ("STOP NOW!!", "stop"),
        ("S T O P", "stop"),
        ("s.t.o.p.", "stop"),
        ("Stop 🙏", "stop"),
        ("🛑", "stop"),
        ("STOP au 36111", "stop"),
        ("Stop all", "stop"),
        ("please stop texting me", "stop"),
        ("Don\u2019t text me again", "stop"),
        ("I would like to opt out", "stop"),
        ("Please do not send any further messages", "stop"),
        ("I\u2019d like my texts to stop, can we make this happen", "stop"),
        ("Wrong number. Stop", "stop"),
        ("Not interested, remove me", "stop"),
        ("un\u00adsub\u200bscribe", "stop"),
        ("הָסֵר", "stop"),
        ("שָׁבַת הָסֵר שָׁבַת", "unclear"),
        ("בבקשה הסר", "stop"),
        ("تَوَقَّفْ", "stop"),
        ("ايقاف", "stop"),
        ("kundigen", "stop"),
        ("Count me in! We have got to STOP this terrible bill from passing!!", "unclear"),
        ("I'll stop by tomorrow", "unclear"),
        ("please don't stop texting me", "unclear"),
        ("Who is this? wrong number", "unclear"),
        ("not interested", "unclear"),
        ("Not today. Cancel.", "unclear"),
        ("can I cancel my order", "other"),
        ("the end of the month works", "other"),
        ("see you at the weekend", "other"),
        ("YES", "other"),
        ("no", "other"),
        ("1", "other"),
        ("👍", "other"),
        ("", "other"),
        ("start please", "start"),
        ("start at 5", "other"),
        ("help me", "help"),
        ("help me stop this", "unclear"),
        ("I need help with the form", "other"),
    ],
)
def test_replies_as_people_write_them(text: str, kind: str) -> None:
    assert kind_of(text) == kind


def test_a_reply_says_which_words_decided_and_in_which_language() -> None:
    assert read_reply("ARRÊT svp", KNOWN) == Reply(ReplyKind.STOP, "arret", "fr")
    assert read_reply("STOP", KNOWN) == Reply(ReplyKind.STOP, "stop", "en")
    assert read_reply("Por favor, no me escriban más", KNOWN) == Reply(ReplyKind.STOP, "no me escriban", "es")
    assert read_reply("Thanks!", KNOWN) == Reply(ReplyKind.OTHER, "", None)


def test_where_it_may_be_an_opt_out_nothing_more_is_sent_until_a_person_has_read_it() -> None:
    silent = {kind for kind in ReplyKind if Reply(kind).silences}
    assert silent == {ReplyKind.STOP, ReplyKind.UNCLEAR}


def test_every_word_that_revokes_by_the_rule_of_the_united_states_does() -> None:
    for word in ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"):
        assert kind_of(word) is ReplyKind.STOP


def test_every_word_for_which_the_carrier_stops_by_itself_is_known() -> None:
    for word in (
        "ARRET",
        "CANCEL",
        "END",
        "OPT-OUT",
        "OPTOUT",
        "QUIT",
        "REMOVE",
        "STOP",
        "TD",
        "UNSUBSCRIBE",
    ):
        assert kind_of(word) is ReplyKind.STOP


def test_no_word_means_two_things_and_none_is_empty() -> None:
    kinds = [KNOWN.stop, KNOWN.start, KNOWN.help]
    for kind in [*kinds, KNOWN.phrases, KNOWN.negations, KNOWN.doubts]:
        assert all(kind)
        assert () not in kind
    assert len(set().union(*kinds)) == sum(map(len, kinds))
    assert KNOWN.alone <= set(KNOWN.stop)
    assert not {(word,) for word in KNOWN.courtesies} & set().union(*kinds)


def test_a_campaigns_own_words_join_the_known_ones() -> None:
    words = keywords_with(OwnWords(stop=("Basta così", "7"), start=("YES",), help=("who?",)))
    assert read_reply("basta cosi!", words) == Reply(ReplyKind.STOP, "basta cosi", None)
    assert read_reply("7", words).kind is ReplyKind.STOP
    assert read_reply("yes please", words).kind is ReplyKind.START
    assert read_reply("Who", words).kind is ReplyKind.HELP
    assert read_reply("STOP", words).kind is ReplyKind.STOP
    assert kind_of("yes") is ReplyKind.OTHER


def test_own_words_that_cannot_mean_it_are_named() -> None:
    own = OwnWords(start=("Cancel", "go", "..."), stop=("GO",))
    with pytest.raises(InvalidInput) as refusal:
        keywords_with(own)
    assert refusal.value.problems == (
        'stop: "GO" stands under start too; leave it in one',
        'start: "Cancel" means STOP for everybody; choose another word',
        'start: "go" stands under stop too; leave it in one',
        'start: "..." has neither letters nor digits; write a word that people can send',
    )
    with pytest.raises(ValidationError):
        OwnWords.model_validate({"stopp": ["x"]})


@given(st.text(max_size=80))
def test_any_message_has_a_meaning(text: str) -> None:
    reply = read_reply(text, KNOWN)
    assert (reply.found == "") == (reply.kind is ReplyKind.OTHER)
