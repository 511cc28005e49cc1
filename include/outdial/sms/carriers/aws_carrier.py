"""AWS End User Messaging (SendTextMessage) as a carrier; the gateway opens it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from outdial.messaging.aws_clients import AwsClient, open_client
from outdial.sms.carriers.aws_answers import failure_of_asking, refusal_of
from outdial.sms.carriers.aws_events import NAME, REFERENCE
from outdial.sms.carriers.aws_queues import bring, receipts_to, replies_to
from outdial.sms.carriers.carrier import Inbox, NotTaken, OutgoingText, Unsure
from outdial.sms.carriers.resting import Rest

_ANSWER_S = 9.0
_CONNECT_S = 3.0
_SHORTEST_TTL_S, _LONGEST_TTL_S = 5, 72 * 3600


@dataclass(frozen=True, slots=True)
class AwsCarrierAddress:
    """Where AWS is asked, and how; None as an endpoint is AWS itself.

    `endpoint_url` is that of SQS, `sms_endpoint_url` that of SendTextMessage. The sender of a text names a
    number, a sender id or a pool; without one AWS chooses.
    """

    region: str
    configuration_set: str = ""
    events_queue_url: str = ""
    replies_queue_url: str = ""
    message_type: Literal["PROMOTIONAL", "TRANSACTIONAL"] = "PROMOTIONAL"
    parts_per_second: float = 1
    most_in_flight: int = 10
    confirms_stop: bool = True
    endpoint_url: str | None = None
    sms_endpoint_url: str | None = None
    answer_s: float = _ANSWER_S


@asynccontextmanager
async def open_aws_carrier(address: AwsCarrierAddress) -> AsyncGenerator[AwsCarrier]:
    """The carrier, for the length of a block; asks nothing yet."""
    config = AioConfig(
        connect_timeout=_CONNECT_S,
        read_timeout=address.answer_s,
        # SendTextMessage knows no token that makes a repetition harmless.
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=address.most_in_flight,
    )
    async with get_session().create_client(
        "pinpoint-sms-voice-v2",
        region_name=address.region,
        endpoint_url=address.sms_endpoint_url or None,
        config=config,
    ) as sms:
        yield AwsCarrier(sms, address)


class AwsCarrier:
    """A Carrier."""

    name = NAME

    def __init__(self, sms: AwsClient, address: AwsCarrierAddress) -> None:
        """Use `open_aws_carrier`."""
        self._sms = sms
        self._address = address
        self._rest = Rest(NAME)

    @property
    def parts_per_second(self) -> float:
        """As AWS allows the sender, by its kind and country."""
        return self._address.parts_per_second

    @property
    def most_in_flight(self) -> int:
        """As many as there are connections."""
        return self._address.most_in_flight

    @property
    def gives_receipts(self) -> bool:
        """Only by way of a queue of events."""
        return bool(self._address.events_queue_url)

    @property
    def confirms_stop(self) -> bool:
        """AWS answers STOP by itself, unless the number's opt-outs are managed by its owner."""
        return self._address.confirms_stop

    @property
    def is_up(self) -> bool:
        """False for a while after it was out of reach, or refused our whole account."""
        return self._rest.is_over

    async def submit(self, text: OutgoingText) -> Sequence[str]:
        """See Carrier. AWS splits texts by itself, and gives one id."""
        try:
            return await self._ask(text)
        except NotTaken as refusal:
            self._rest.begin_after(refusal)
            raise

    async def run(self, inbox: Inbox) -> None:
        """See Carrier."""
        if not (self._address.events_queue_url or self._address.replies_queue_url):
            await asyncio.Event().wait()
        async with (
            open_client("sqs", self._address.region, self._address.endpoint_url) as sqs,
            asyncio.TaskGroup() as group,
        ):
            if url := self._address.events_queue_url:
                group.create_task(bring(sqs, url, receipts_to(inbox)))
            if url := self._address.replies_queue_url:
                group.create_task(bring(sqs, url, replies_to(inbox)))

    async def _ask(self, text: OutgoingText) -> Sequence[str]:
        try:
            async with asyncio.timeout(self._address.answer_s):
                answer = await self._sms.send_text_message(**self._request(text))
        except TimeoutError as error:
            raise Unsure(f"AWS did not answer within {self._address.answer_s:g} s") from error
        except ClientError as error:
            raise refusal_of(error) from error
        except BotoCoreError as error:
            raise failure_of_asking(error) from error
        message_id = answer.get("MessageId")
        if not message_id:
            raise Unsure("AWS answered without a MessageId")
        return (message_id,)

    def _request(self, text: OutgoingText) -> dict[str, Any]:
        optional = {
            "OriginationIdentity": text.sender,
            "ConfigurationSetName": self._address.configuration_set,
        }
        return {
            "DestinationPhoneNumber": text.to,
            "MessageBody": text.body,
            "MessageType": self._address.message_type,
            "TimeToLive": min(max(text.validity_s, _SHORTEST_TTL_S), _LONGEST_TTL_S),
            "Context": {REFERENCE: text.reference},
            **{name: value for name, value in optional.items() if value},
        }
