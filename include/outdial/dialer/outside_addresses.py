"""Which addresses a campaign may make us post to: those of the outside world, checked as they are used.

A campaign is written by people who may not reach our own network; a webhook must not reach it for them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from outdial.domain.errors import InvalidInput, Unavailable

# Addresses that carry an IPv4 address within: a translator would lead to that one.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads: one checked address, and the name that stands for it in TLS and Host."""

    url: SplitResult
    address: str
    port: int

    @property
    def host(self) -> str:
        """The name as the URL has it."""
        return self.url.hostname or ""


async def find_destination(url: str, private_hosts: frozenset[str]) -> Destination:
    """Resolve `url`. The address must be connected to as it stands: a second look-up could differ.

    `private_hosts` (`host` or `host:port`) may be private and spoken to without TLS.
    Raises InvalidInput where the address is not to be posted to, Unavailable where the name has none now.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    is_allowed = host in private_hosts or f"{host}:{port}" in private_hosts
    if parts.scheme != "https" and not (is_allowed and parts.scheme == "http"):
        raise InvalidInput(f"{url} is not https; WEBHOOK_PRIVATE_HOSTS names the hosts that may do without")
    addresses = await _resolve(host, port)
    refused = [] if is_allowed else [address for address in addresses if not is_outside(address)]
    if refused:
        raise InvalidInput(
            f"{host} is {refused[0]}, in a private network; WEBHOOK_PRIVATE_HOSTS names those allowed"
        )
    return Destination(parts, addresses[0], port)


def is_outside(address: str) -> bool:
    """Is it an address of the public internet, whatever it is wrapped in?"""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if wrapped:
            return is_outside(str(wrapped))
        if ip in _TRANSLATED:
            return is_outside(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"{host} has no address now ({error})") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
