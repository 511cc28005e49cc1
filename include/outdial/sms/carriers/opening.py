"""Opens the carriers that the settings name, in their order."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack

from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput
from outdial.settings import Settings
from outdial.sms.carriers.aws_carrier import AwsCarrierAddress, open_aws_carrier
from outdial.sms.carriers.carrier import Carrier
from outdial.sms.carriers.http_carrier import HttpCarrierAddress, open_http_carrier
from outdial.sms.carriers.smpp import SmppAddress, open_smpp
from outdial.sms.carriers.smpp_receipts import IdForm

KNOWN = ("smpp", "http", "aws")


def carrier_names(settings: Settings) -> list[str]:
    """`SMS_CARRIERS`, one by one; raises InvalidInput where there is none, or one that is not known."""
    names = list(dict.fromkeys(name.strip() for name in settings.sms_carriers.split(",") if name.strip()))
    if not names:
        raise InvalidInput("SMS_CARRIERS is not set: name those who carry texts, of smpp, http and aws.")
    if unknown := [name for name in names if name not in KNOWN]:
        raise InvalidInput(f"SMS_CARRIERS names {unknown[0]!r}; known are smpp, http and aws.")
    return names


async def open_carriers(
    settings: Settings, clock: Clock, randomness: random.Random, stack: AsyncExitStack
) -> list[Carrier]:
    """The carriers of this gateway, closed with `stack`; the first is for campaigns that name none."""
    return [await _open(name, settings, clock, randomness, stack) for name in carrier_names(settings)]


async def _open(
    name: str, settings: Settings, clock: Clock, randomness: random.Random, stack: AsyncExitStack
) -> Carrier:
    match name:
        case "smpp":
            return await stack.enter_async_context(open_smpp(smpp_address(settings), clock, randomness))
        case "http":
            return await stack.enter_async_context(open_http_carrier(http_address(settings)))
        case _:
            return await stack.enter_async_context(open_aws_carrier(aws_address(settings)))


def smpp_address(settings: Settings) -> SmppAddress:
    """Where SMPP is spoken; raises InvalidInput where nobody says as whom."""
    if not settings.smpp_system_id:
        raise InvalidInput("SMPP_SYSTEM_ID is not set: give the name and password the carrier gave you.")
    if settings.smpp_id_form not in set(IdForm):
        raise InvalidInput(f"SMPP_ID_FORM {settings.smpp_id_form!r} is none of {', '.join(IdForm)}.")
    return SmppAddress(
        settings.smpp_host,
        settings.smpp_port,
        settings.smpp_system_id,
        settings.smpp_password,
        settings.smpp_system_type,
        settings.smpp_parts_per_second,
        settings.smpp_window,
        settings.smpp_tls,
        settings.smpp_confirms_stop,
        IdForm(settings.smpp_id_form),
        settings.smpp_region or None,
    )


def http_address(settings: Settings) -> HttpCarrierAddress:
    """Where texts are given over HTTP."""
    return HttpCarrierAddress(
        settings.sms_http_url,
        settings.sms_http_key,
        settings.sms_http_secret,
        settings.sms_http_parts_per_second,
        confirms_stop=settings.sms_http_confirms_stop,
    )


def aws_address(settings: Settings) -> AwsCarrierAddress:
    """How AWS End User Messaging is used."""
    return AwsCarrierAddress(
        settings.aws_region,
        settings.aws_sms_configuration_set,
        settings.aws_sms_events_queue_url,
        settings.aws_sms_replies_queue_url,
        settings.aws_sms_message_type,
        parts_per_second=settings.aws_sms_parts_per_second,
        confirms_stop=settings.aws_sms_confirms_stop,
        endpoint_url=settings.aws_endpoint_url,
    )
