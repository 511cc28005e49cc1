"""People open the links in their texts, and some telephones look at them first to show what is behind."""

from __future__ import annotations

import ipaddress
import re
from functools import partial
from urllib.parse import urlsplit

import aiohttp

from outdial.simulator.ledger import Ledger
from outdial.simulator.sms.carrier import TextCarrier
from outdial.simulator.sms.plan import TextPlan
from outdial.simulator.sms.seen import LinkOpened

_LINK = re.compile(r"https?://[^\s<>\"']+")
_TIMEOUT = aiohttp.ClientTimeout(total=10)
# Safari on a telephone, and what Apple's Messages calls itself where it fetches a preview.
_BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
_PREVIEWER = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) "
    "Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
)


class LinkOpener:
    """Opens links on this machine, and on hosts that the scenario allows; no other."""

    def __init__(self, carrier: TextCarrier, ledger: Ledger, http: aiohttp.ClientSession) -> None:
        self._carrier = carrier
        self._ledger = ledger
        self._http = http

    def open_links(self, phone: str, text: str, plan: TextPlan) -> None:
        """The previewer comes with the text, the person when they have read it."""
        later = self._carrier.later
        for url in _LINK.findall(text):
            link = url.rstrip(".,;:!?)")
            if not self._may_open(link):
                self._carrier.counters["links_elsewhere"] += 1
                continue
            if plan.previews:
                later.spawn(self._get(phone, link, "previewer", _PREVIEWER))
            visit = partial(self._get, phone, link, "person", _BROWSER)
            later.call(plan.click_delay_s, lambda visit=visit: later.spawn(visit()))

    def _may_open(self, url: str) -> bool:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return False
        return host == "localhost" or host in self._carrier.texts.click_hosts or _is_loopback(host)

    async def _get(self, phone: str, url: str, who: str, user_agent: str) -> None:
        # Where the link leads is no business of a simulation.
        headers = {"User-Agent": user_agent}
        try:
            async with self._http.get(
                url, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            status = 0
        self._carrier.counters[f"links_by_{who}"] += 1
        self._ledger.note_texting(LinkOpened(self._carrier.epoch_s(), phone, url, who, status))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
