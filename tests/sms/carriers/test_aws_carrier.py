"""SendTextMessage against a server that speaks AWS's JSON protocol: what is asked, and what answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from botocore.exceptions import ClientError
from hypothesis import given, strategies as st

from outdial.domain.errors import OutdialError
from outdial.domain.sms.delivery import TextFailure
from outdial.domain.sms.encoding import split_text
from outdial.sms.carriers.aws_answers import refusal_of
from outdial.sms.carriers.aws_carrier import AwsCarrierAddress, open_aws_carrier
from outdial.sms.carriers.carrier import Carrier, Declined, NotTaken, OutgoingText, Unsure
from outdial.standalone.ports import choose_ports
from tests.sms.carriers.http_peer import listening, rude_peer

REFERENCE = "0123456789abcdef0123456789abcdef"
AMZ_JSON = "application/x-amz-json-1.0"
F = TextFailure


@dataclass
class AwsPeer:
    """What was asked, and what is answered next."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    body: str = '{"MessageId": "862a8790-60c0-4430-9b2b-658bd0000001"}'

    def refuse(self, code: str, status: int = 400, **members: Any) -> None:
        """Answer with one of AWS's exceptions."""
        named = {"__type": f"com.amazonaws.pinpointsmsvoicev2#{code}", "Message": "why"}
        self.status, self.body = status, json.dumps(named | members)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What requests are signed with."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")


@pytest.fixture
async def peer() -> AsyncIterator[AwsPeer]:
    peer = AwsPeer()

    async def take(request: web.Request) -> web.Response:
        peer.asked.append(json.loads(await request.read()))
        peer.headers.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(text=peer.body, status=peer.status, content_type=AMZ_JSON)

    app = web.Application()
    app.router.add_post("/", take)
    async with listening(app) as peer.url:
        yield peer


def address(url: str, **changes: Any) -> AwsCarrierAddress:
    return AwsCarrierAddress("eu-west-1", sms_endpoint_url=url, **changes)


def text(body: str = "Hello", sender: str = "+3725550199", **changes: Any) -> OutgoingText:
    return OutgoingText(REFERENCE, "+3725550100", sender, split_text(body), **changes)


@pytest.fixture
async def carrier(peer: AwsPeer) -> AsyncIterator[Carrier]:
    async with open_aws_carrier(address(peer.url)) as carrier:
        yield carrier


async def refusal(carrier: Carrier) -> OutdialError:
    with pytest.raises((NotTaken, Declined, Unsure)) as raised:
        await carrier.submit(text())
    return raised.value


async def test_a_text_is_asked_for_whole_signed_and_with_our_reference(peer: AwsPeer) -> None:
    settings = {"configuration_set": "outdial", "message_type": "TRANSACTIONAL"}
    async with open_aws_carrier(address(peer.url, **settings)) as carrier:
        assert list(await carrier.submit(text("שלום " * 40, validity_s=3600))) == [
            "862a8790-60c0-4430-9b2b-658bd0000001"
        ]
    assert peer.asked == [
        {
            "DestinationPhoneNumber": "+3725550100",
            "OriginationIdentity": "+3725550199",
            "MessageBody": "שלום " * 40,
            "MessageType": "TRANSACTIONAL",
            "ConfigurationSetName": "outdial",
            "TimeToLive": 3600,
            "Context": {"reference": REFERENCE},
        }
    ]
    [headers] = peer.headers
    assert headers["x-amz-target"] == "PinpointSMSVoiceV2.SendTextMessage"
    assert headers["content-type"] == AMZ_JSON
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/sms-voice/aws4_request" in headers["authorization"]


async def test_without_sender_and_set_aws_chooses_and_a_long_validity_is_cut(
    peer: AwsPeer, carrier: Carrier
) -> None:
    await carrier.submit(text(sender="", validity_s=7 * 24 * 3600))
    [asked] = peer.asked
    assert "OriginationIdentity" not in asked
    assert "ConfigurationSetName" not in asked
    assert (asked["MessageType"], asked["TimeToLive"]) == ("PROMOTIONAL", 259_200)


OPTED_OUT = {"Reason": "DESTINATION_PHONE_NUMBER_OPTED_OUT"}
SPENT = {"Reason": "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"}


@pytest.mark.parametrize(
    ("code", "members", "kind", "failure"),
    [
        ("ThrottlingException", {}, NotTaken, F.THROTTLED),
        ("ServiceQuotaExceededException", SPENT, NotTaken, F.NO_CREDIT),
        ("AccessDeniedException", {"Reason": "ACCOUNT_DISABLED"}, NotTaken, F.CARRIER_DOWN),
        ("UnrecognizedClientException", {}, NotTaken, F.CARRIER_DOWN),
        ("ConflictException", OPTED_OUT, Declined, F.OPTED_OUT),
        ("ConflictException", {"Reason": "NO_ORIGINATION_IDENTITIES_FOUND"}, Declined, F.BAD_SENDER),
        ("ConflictException", {"Reason": "WRITTEN_NEXT_YEAR"}, Declined, F.OTHER),
        ("ValidationException", {"Reason": "CANNOT_PARSE"}, Declined, F.INVALID_NUMBER),
        ("ValidationException", {"Reason": "SENDER_ID_REQUIRES_REGISTRATION"}, Declined, F.BAD_SENDER),
        ("ValidationException", {"Reason": "DESTINATION_COUNTRY_BLOCKED"}, Declined, F.FILTERED),
        (
            "ValidationException",
            {"Reason": "FIELD_VALIDATION_FAILED", "Fields": [{"Name": "MessageBody", "Message": "too long"}]},
            Declined,
            F.BAD_CONTENT,
        ),
        (
            "ValidationException",
            {"Reason": "INVALID_PARAMETER", "Fields": [{"Name": "DestinationPhoneNumber", "Message": "no"}]},
            Declined,
            F.INVALID_NUMBER,
        ),
        (
            "ValidationException",
            {"Reason": "INVALID_PARAMETER", "Fields": [{"Name": "ConfigurationSetName", "Message": "no"}]},
            NotTaken,
            F.CARRIER_DOWN,
        ),
        ("ResourceNotFoundException", {"ResourceType": "sender-id"}, Declined, F.BAD_SENDER),
        ("ResourceNotFoundException", {"ResourceType": "configuration-set"}, NotTaken, F.CARRIER_DOWN),
    ],
)
async def test_what_an_exception_means(
    peer: AwsPeer,
    carrier: Carrier,
    code: str,
    members: dict[str, Any],
    kind: type[OutdialError],
    failure: TextFailure,
) -> None:
    peer.refuse(code, **members)
    refused = await refusal(carrier)
    assert type(refused) is kind
    assert isinstance(refused, NotTaken | Declined)
    assert refused.failure is failure
    assert code in str(refused)
    assert len(peer.asked) == 1


@pytest.mark.parametrize(
    ("status", "body"), [(500, ""), (502, "<html>"), (503, "{}"), (200, "{}"), (200, "<")]
)
async def test_what_does_not_say_what_became_of_the_text_is_unsure_and_it_is_asked_once(
    peer: AwsPeer, carrier: Carrier, status: int, body: str
) -> None:
    peer.status, peer.body = status, body
    assert isinstance(await refusal(carrier), Unsure)
    assert len(peer.asked) == 1


async def test_an_internal_error_is_unsure_and_it_is_asked_once(peer: AwsPeer, carrier: Carrier) -> None:
    peer.refuse("InternalServerException", status=500, RequestId="1")
    assert isinstance(await refusal(carrier), Unsure)
    assert len(peer.asked) == 1


async def test_a_spent_budget_stops_all_texts_and_being_throttled_none(
    peer: AwsPeer, carrier: Carrier
) -> None:
    peer.refuse("ThrottlingException")
    throttled = await refusal(carrier)
    assert isinstance(throttled, NotTaken)
    assert throttled.retry_after_s == 1
    assert carrier.is_up
    peer.refuse("ServiceQuotaExceededException", **SPENT)
    spent = await refusal(carrier)
    assert isinstance(spent, NotTaken)
    assert spent.retry_after_s == 3600
    assert not carrier.is_up


async def test_nobody_listening_is_certain() -> None:
    port = choose_ports(("nobody",), wished={})["nobody"]
    async with open_aws_carrier(address(f"http://127.0.0.1:{port}")) as carrier:
        refused = await refusal(carrier)
    assert isinstance(refused, NotTaken)
    assert refused.failure is F.CARRIER_DOWN


async def test_nothing_to_sign_with_is_certain(
    peer: AwsPeer, carrier: Carrier, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    async with open_aws_carrier(address(peer.url)) as unsigned:
        refused = await refusal(unsigned)
    assert isinstance(refused, NotTaken)
    assert "credentials" in str(refused)
    assert peer.asked == []


async def test_silence_after_the_text_was_written_is_unsure_and_soon() -> None:
    async with (
        rude_peer(None) as (url, heard),
        open_aws_carrier(address(url, answer_s=1.5)) as carrier,
    ):
        assert isinstance(await refusal(carrier), Unsure)
    assert REFERENCE.encode() in b"".join(heard)
    assert len(heard) == 1


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", b"SSH-2.0\r\n\r\n"])
async def test_a_broken_line_after_the_text_was_written_is_unsure_and_it_is_asked_once(said: bytes) -> None:
    async with rude_peer(said) as (url, heard), open_aws_carrier(address(url)) as carrier:
        assert isinstance(await refusal(carrier), Unsure)
    assert len(heard) == 1


async def test_a_line_that_is_reset_after_the_text_was_written_is_unsure() -> None:
    """Aiobotocore raises the same error for it as for a line that was never open."""
    async with rude_peer(b"", resets=True) as (url, heard), open_aws_carrier(address(url)) as carrier:
        assert isinstance(await refusal(carrier), Unsure)
    assert len(heard) == 1


async def test_an_empty_text_is_declined_before_it_is_asked_for(peer: AwsPeer, carrier: Carrier) -> None:
    with pytest.raises(Declined):
        await carrier.submit(text(""))
    assert peer.asked == []


@given(st.text(), st.text(), st.integers(300, 599), st.sampled_from([None, [], [{"Name": "Keyword"}]]))
def test_every_answer_has_a_meaning_and_none_is_certain_of_a_fault_at_aws(
    code: str, reason: str, status: int, fields: list[dict[str, str]] | None
) -> None:
    answer: Any = {
        "Error": {"Code": code, "Message": ""},
        "Reason": reason,
        "Fields": fields,
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    refused = refusal_of(ClientError(answer, "SendTextMessage"))
    assert isinstance(refused, NotTaken | Declined | Unsure)
    if status >= 500 and not code.endswith(("Exception", "Throttling", "Throttled")):
        assert isinstance(refused, Unsure)
