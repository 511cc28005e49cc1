"""Links are found where a reader sees them, and all else in a text stays when short ones take their place."""

from __future__ import annotations

import pytest
from hypothesis import example, given, strategies as st

from outdial.domain.errors import Broken
from outdial.domain.sms.encoding import is_gsm_7
from outdial.domain.sms.link_codes import ALPHABET, CODE_LENGTH, code_of
from outdial.domain.sms.links import (
    base_url_problem,
    find_links,
    length_of_short_link,
    short_link,
    with_sample_links,
    with_short_links,
)

BASE_URL = "https://l.example.org"
SECRET = b"a secret of the tests"

FOUND = {
    "give at https://example.com/a.": ["https://example.com/a"],
    "https://example.com": ["https://example.com"],
    "Really? http://example.com/?a=1&b=2! Yes": ["http://example.com/?a=1&b=2"],
    "(see https://example.com/a)": ["https://example.com/a"],
    "(https://en.wikipedia.org/wiki/Foo_(bar)).": ["https://en.wikipedia.org/wiki/Foo_(bar)"],
    "[https://example.com/a] and more": ["https://example.com/a"],
    "https://example.com/a)b": ["https://example.com/a"],
    "<https://example.com/a>": ["https://example.com/a"],
    '"https://example.com/a"': ["https://example.com/a"],
    "“https://example.com/a”": ["https://example.com/a"],
    "https://a.example,https://b.example;HTTP://C.example/Path": [
        "https://a.example",
        "https://b.example",
        "http://c.example/Path",
    ],
    "https://web.archive.org/web/https://example.com/": ["https://web.archive.org/web/https://example.com/"],
    "https://example.com/@name/a?x=[1]#part": ["https://example.com/@name/a?x=[1]#part"],
    "https://example.com:8443/a": ["https://example.com:8443/a"],
    "http://[2001:db8::1]:80/a": ["http://[2001:db8::1]:80/a"],
    "https://example.com/a🎉": ["https://example.com/a"],
    "https://example.com\u2100/a": ["https://example.com"],
    "line\nhttps://example.com/a\nline": ["https://example.com/a"],
    # Hebrew and Arabic around a link, before it without a space, and in it.
    "לתרומה: https://example.com/a, תודה": ["https://example.com/a"],
    "\u200fבhttps://example.com/a\u200f־כאן": ["https://example.com/a"],
    "זה ב-https://example.com/a\u05c3": ["https://example.com/a"],
    "زوروا https://example.org/ar، شكرا": ["https://example.org/ar"],
    "كيف https://example.org/ar؟": ["https://example.org/ar"],
    "https://קמפיין.ישראל/תרומה": ["https://xn--eebangwq.xn--4dbrk0ce/%D7%AA%D7%A8%D7%95%D7%9E%D7%94"],
    "http://مثال.إختبار": ["http://xn--mgbh0fb.xn--kgbechtv"],
    "请访问https://example.com/a。谢谢": ["https://example.com/a"],
    "https://straße.example/ü": ["https://xn--strae-oqa.example/%C3%BC"],
}

NO_LINKS = [
    "example.com and www.example.com",
    "ftp://example.com",
    "xhttps://example.com",
    "éhttps://example.com",
    "_https://example.com",
    "7https://example.com",
    "дhttps://example.com",
    "https:// example.com",
    "https://",
    "https://.",
    "https:///path",
    "https://a..example",
    "https://ex%61mple.com",
    "https://example.com:99999/",
    "https://name@example.com/",
    "https://name:password@example.com/",
    "http://[::1",
]


@pytest.mark.parametrize(("text", "urls"), FOUND.items())
def test_a_link_is_found_without_what_stands_around_it(text: str, urls: list[str]):
    assert [link.url for link in find_links(text)] == urls


@pytest.mark.parametrize("text", NO_LINKS)
def test_what_leads_nowhere_or_carries_a_password_is_left_as_it_is(text: str):
    assert find_links(text) == ()
    assert with_short_links(text, [], BASE_URL) == text


pieces = st.one_of(
    st.sampled_from([
        "https://",
        "http://",
        "HTTPS://",
        "example.com",
        "קמפיין.ישראל",
        "/a",
        "?x=1",
        "#y",
        "%20",
    ]),
    st.sampled_from("()[],;.:@&=%'“x🎉é،־שלוםمرحبا\u200f \n"),
)
texts = st.one_of(st.lists(pieces, max_size=25).map("".join), st.text(max_size=80))


@given(texts)
@example("https://example.com/(")
@example("https://a:b@c/https://example.com")
def test_short_links_change_nothing_but_the_links(text: str):
    links = find_links(text)
    codes = [code_of(number, SECRET) for number in range(1, len(links) + 1)]

    short = with_short_links(text, codes, BASE_URL)

    assert [link.url for link in find_links(short)] == [short_link(BASE_URL, code) for code in codes]
    assert around(short) == around(text)
    assert len(with_sample_links(text, BASE_URL)) == len(short)


def around(text: str) -> list[str]:
    """What is no link."""
    ends = [0, *(link.end for link in find_links(text))]
    starts = [*(link.start for link in find_links(text)), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


@given(texts)
def test_a_found_link_is_asked_for_in_plain_ascii_and_is_the_same_when_found_again(text: str):
    for link in find_links(text):
        assert link.url.isascii()
        assert link.url.isprintable()
        assert " " not in link.url
        assert [again.url for again in find_links(link.url)] == [link.url]


def test_codes_and_links_are_as_many():
    with pytest.raises(Broken):
        with_short_links("https://example.com", [], BASE_URL)


def test_short_links_are_all_as_long_as_preview_takes_them_for():
    for base_url in (BASE_URL, BASE_URL + "/", "https://example.org/s"):
        assert len(short_link(base_url, code_of(1, SECRET))) == length_of_short_link(base_url)


def test_short_links_never_make_a_text_longer_by_its_alphabet():
    text = with_sample_links("Hi https://קמפיין.ישראל/תרומה", BASE_URL)

    assert is_gsm_7(text)
    assert is_gsm_7(ALPHABET)
    assert text == f"Hi {BASE_URL}/{'x' * CODE_LENGTH}"


@pytest.mark.parametrize(
    "base_url", ["", "l.example.org", "https://", "https://a@l.example.org", "https://l.example.org/?c="]
)
def test_a_base_that_no_code_can_follow_is_refused(base_url: str):
    assert base_url_problem(base_url)


@pytest.mark.parametrize("base_url", [BASE_URL, "http://127.0.0.1:4576", "https://example.org/s/"])
def test_a_base_may_have_a_port_and_a_path(base_url: str):
    assert base_url_problem(base_url) is None
