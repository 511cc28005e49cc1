"""People are told from programs by what they say of themselves, and telephones' previews from other apps'."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from multidict import CIMultiDict

from outdial.domain.sms.visitors import Visitor, asks_ahead, previewers, visitor_of

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1.1 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Mobile Safari/537.36"
)
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"

PEOPLE = {
    "iPhone": IPHONE,
    "Android": ANDROID,
    "Samsung": ANDROID.replace("Chrome/", "SamsungBrowser/29.0 Chrome/"),
    "Firefox": "Mozilla/5.0 (Android 14; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
    "Opera Mini": "Opera/9.80 (Android; Opera Mini/80.0/191.276; U; en) Presto/2.12.423 Version/12.16",
    "KaiOS": "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
    "Google app": IPHONE.replace("Version/18.1.1", "GSA/340.3.67"),
    "DuckDuckGo": IPHONE.replace("Safari", "DuckDuckGo/7 Safari"),
    "in Facebook": IPHONE + " [FBAN/FBIOS;FBAV/484.0.0.40.107;FBBV/640461;FBDV/iPhone15,3]",
    "in Viber": ANDROID + " Viber/18",
    "in LINE": IPHONE + " Safari Line/13.16.0",
    "in Snapchat": IPHONE + " Snapchat/12.5 (like Safari/604.1)",
    "Cubot": f"Mozilla/5.0 (Linux; Android 9; CUBOT X19) {WEBKIT} Chrome/92.0 Mobile Safari/537.36",
    "computer": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0.0.0 Safari/537.36",
}

OWN_PREVIEWERS = {
    "iPhone": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) "
    "Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Google Messages": "GoogleMessages",
    "Google's servers": f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/56.0.2924.87 Safari/537.36 "
    "Google-PageRenderer Google (+https://developers.google.com/+/web/snippet/)",
    "Samsung Messages": "Mozilla/5.0 (X11; Ubuntu; Linux i686; rv:24.0) Gecko/20100101 Firefox/24.0",
}

PREVIEWERS = {
    "WhatsApp": "WhatsApp/2.23.20.0 A",
    "Telegram": "TelegramBot (like TwitterBot)",
    "Facebook": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "X": "Twitterbot/1.0",
    "Slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Discord": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Skype": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Viber": "Viber/13.3.0",
    "LinkedIn": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "KakaoTalk": "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
}

BOTS = {
    "none": "",
    "Google": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Bing": f"Mozilla/5.0 {WEBKIT[:-1]}; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Google's safety": "Google-Safety",
    "headless": f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/142.0.0.0 Safari/537.36",
    "bitly": "bitlybot/3.0 (+http://bit.ly/)",
    "Proofpoint": "Mozilla/5.0 (compatible; proofpoint)",
    "curl": "curl/8.14.1",
    "Python": "python-requests/2.32.0",
    "an app": "Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Build/TP1A)",
    "Java": "Java/1.8.0_301",
    "Apple's crawler": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) {WEBKIT} Version/13.1.1 "
    "Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
}


def asked_by(agent: str, method: str = "GET", **headers: str) -> Visitor:
    """Who asks so; header names are written with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return visitor_of(method, CIMultiDict({"user-agent": agent} | named))


@pytest.mark.parametrize("agent", PEOPLE.values(), ids=PEOPLE)
def test_a_browser_that_opens_a_link_is_a_person(agent: str):
    assert asked_by(agent) is Visitor.PERSON
    assert asked_by(agent, sec_fetch_mode="navigate", sec_fetch_dest="document") is Visitor.PERSON


@pytest.mark.parametrize("agent", OWN_PREVIEWERS.values(), ids=OWN_PREVIEWERS)
def test_what_shows_texts_on_telephones_is_an_own_previewer(agent: str):
    assert asked_by(agent) is Visitor.OWN_PREVIEWER
    assert asked_by(agent, "HEAD") is Visitor.OWN_PREVIEWER


@pytest.mark.parametrize("agent", PREVIEWERS.values(), ids=PREVIEWERS)
def test_other_apps_are_previewers(agent: str):
    assert asked_by(agent) is Visitor.PREVIEWER


@pytest.mark.parametrize("agent", BOTS.values(), ids=BOTS)
def test_all_other_programs_are_bots(agent: str):
    assert asked_by(agent) is Visitor.BOT


def test_who_does_not_say_what_it_is_is_a_bot():
    assert visitor_of("GET", CIMultiDict()) is Visitor.BOT


@pytest.mark.parametrize("agent", [IPHONE, ANDROID])
def test_a_browser_that_only_looks_whether_the_page_is_there_is_no_person(agent: str):
    assert asked_by(agent, "HEAD") is Visitor.BOT
    assert asked_by(agent, sec_fetch_mode="no-cors") is Visitor.BOT


@pytest.mark.parametrize(
    "purpose",
    [
        {"Sec_Purpose": "prefetch"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X_Purpose": "preview"},
        {"X_Moz": "prefetch"},
    ],
)
def test_a_browser_that_asks_ahead_is_no_person_yet(purpose: dict[str, str]):
    assert asked_by(ANDROID, **purpose) is Visitor.OWN_PREVIEWER
    assert asked_by(BOTS["headless"], **purpose) is Visitor.BOT
    assert asks_ahead({name.replace("_", "-"): value for name, value in purpose.items()})


def test_every_previewer_is_told_by_something_and_says_where_it_is_known_from():
    for previewer in previewers():
        assert previewer.begins or previewer.has
        assert list(previewer.has) == [part.lower() for part in previewer.has]
        assert previewer.url.startswith("https://") or previewer.evidence == "ours"


@given(st.text(max_size=50), st.sampled_from(["GET", "HEAD"]))
def test_whatever_is_sent_somebody_is_told(agent: str, method: str):
    assert asked_by(agent, method) in Visitor


def test_an_agent_of_any_length_is_read_to_its_first_thousand_characters():
    assert asked_by(IPHONE + " " * 2000 + "bot") is Visitor.PERSON
    assert asked_by(IPHONE + " bot " + "x" * 5000) is Visitor.BOT
