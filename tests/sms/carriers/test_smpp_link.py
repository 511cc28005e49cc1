"""The link to an SMPP carrier: watched, bound again after a loss, proven by TLS."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from outdial.domain.clock import utc_now
from outdial.sms.carriers.smpp import open_smpp
from outdial.sms.carriers.smpp_link import LinkTimes
from tests.sms.carriers.smpp_peer import SmppPeer, smpp_peer
from tests.sms.carriers.smpp_stage import TIMES, KeptInbox, a_text, address, eventually_up, linked


@pytest.fixture
async def peer() -> AsyncIterator[SmppPeer]:
    async with smpp_peer() as peer:
        yield peer


async def test_the_link_is_watched_from_both_sides_and_unbound_at_the_end(peer: SmppPeer):
    times = LinkTimes(enquire_every_s=0.05, reconnect_first_s=0.05)
    async with linked(peer, times=times) as carrier:
        await peer.next("enquired")
        await peer.next("enquired")
        peer.tell("enquire")
        assert (await peer.next("alive"))["status"] == 0
        assert carrier.is_up
    await peer.next("unbound")


async def test_a_carrier_that_unbinds_is_bound_again(peer: SmppPeer):
    async with linked(peer) as carrier:
        peer.tell("unbind")
        await peer.next("let go")
        await peer.next("bound")
        await eventually_up(carrier)
        assert await carrier.submit(a_text("Hello")) == ["m1"]


@pytest.mark.parametrize("octets", ["00000005", "7fffffff"])
async def test_what_is_no_smpp_ends_the_connection_and_a_new_one_is_made(peer: SmppPeer, octets: str):
    async with linked(peer) as carrier:
        peer.tell("raw", octets=octets + "00" * 12)
        await peer.next("lost")
        await peer.next("bound")
        await eventually_up(carrier)


async def test_what_nobody_asked_for_is_refused_and_the_link_stays(peer: SmppPeer):
    async with linked(peer, times=TIMES) as carrier:
        # replace_sm, a request of ours to the carrier and never of its to us
        peer.tell("raw", octets="00000010000000070000000000000009")
        peer.tell("enquire")
        await peer.next("alive")
        assert carrier.is_up
        assert await carrier.submit(a_text("Hello")) == ["m1"]


async def test_a_carrier_that_says_nothing_more_is_given_up(peer: SmppPeer):
    peer.tell("deaf")
    async with linked(peer, times=LinkTimes(answer_s=0.2, enquire_every_s=0.05, unbind_s=0.2)):
        await peer.next("lost")
        await peer.next("bound")


async def test_a_carrier_that_is_slow_to_answer_is_not_given_up_while_it_says_anything(peer: SmppPeer):
    peer.tell("deaf")
    inbox = KeptInbox()
    async with linked(peer, inbox, times=LinkTimes(answer_s=0.5, enquire_every_s=0.05)) as carrier:
        for number in range(20):
            # Every turn is a tenth of the time in which it is to answer.
            peer.tell("deliver", pdu={"source_addr": "12345", "text": str(number)})
            await peer.next("acknowledged")
            await asyncio.sleep(0.05)
        assert carrier.is_up
    assert len(peer.seen("enquired")) >= 2
    assert not peer.seen("bound")


async def test_a_wrong_password_is_tried_again_ever_later_and_said(
    peer: SmppPeer, capsys: pytest.CaptureFixture[str]
):
    loop, times = asyncio.get_running_loop(), []
    settings = address(peer, password=SecretStr("wrong"))
    async with (
        open_smpp(settings, utc_now, random.Random(1), times=TIMES) as carrier,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(carrier.run(KeptInbox()))
        for _ in range(4):
            await peer.next("refused")
            times.append(loop.time())
            assert not carrier.is_up
        running.cancel()
    # Between half of a pause and the whole of it, which doubles.
    assert times[3] - times[2] >= 0.1
    said = capsys.readouterr().out
    assert said.count("check SMPP_SYSTEM_ID, SMPP_PASSWORD") == 1
    assert "wrong" not in said


async def test_over_tls_texts_go_to_whom_the_certificate_proves():
    certificate, key = _certificate()
    trusting = ssl.create_default_context(cadata=certificate)
    async with smpp_peer(certificate, key) as peer:
        async with linked(peer, tls=True, tls_context=trusting) as carrier:
            assert await carrier.submit(a_text("Hello")) == ["m1"]
        settings = address(peer, tls=True)
        async with open_smpp(settings, utc_now, random.Random(1), times=TIMES) as stranger:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stranger.run(KeptInbox()), 0.5)
            assert not peer.seen("bound")


def _certificate() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "carrier")])
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509
        .CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(utc_now() - timedelta(hours=1))
        .not_valid_after(utc_now() + timedelta(hours=1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem).decode(), private.decode()
