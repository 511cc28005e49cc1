"""Who carries this machine's texts: the simulated carrier, or with an own Asterisk those that are named."""

from __future__ import annotations

from collections.abc import Mapping

from outdial.domain.errors import InvalidInput
from outdial.standalone.home import Secrets

SIMULATED_SENDER = "+12025550199"
"""A number kept for fiction."""

_PARTS_PER_SECOND = "20"
_ACCOUNT = "gateway"
_PREFIXES = ("SMS_", "SMPP_", "LINKS_")


def simulated_carrier_addresses(
    inherited: Mapping[str, str], ports: Mapping[str, int], secrets: Secrets
) -> dict[str, str]:
    """The text settings of a stack that is its own carrier, over SMPP and, where a campaign asks, HTTP."""
    pace = ("SMPP_PARTS_PER_SECOND", "SMS_HTTP_PARTS_PER_SECOND")
    return {
        "SMS_CARRIERS": "smpp,http",
        "SMS_SENDER": SIMULATED_SENDER,
        "SMPP_HOST": "127.0.0.1",
        "SMPP_PORT": str(ports["simulator_smpp"]),
        "SMPP_SYSTEM_ID": _ACCOUNT,
        "SMPP_PASSWORD": secrets.smpp,
        "SMS_HTTP_URL": f"http://127.0.0.1:{ports['simulator_sms_http']}/sms/json",
        "SMS_HTTP_KEY": _ACCOUNT,
        "SMS_HTTP_SECRET": secrets.sms_http,
        "SMS_HTTP_SIGNATURE_SECRET": secrets.sms_http,
        "LINKS_BASE_URL": f"http://127.0.0.1:{ports['sms_web']}",
        **{name: inherited.get(name, _PARTS_PER_SECOND) for name in pace},
        **_own_web(ports, secrets),
    }


def real_carrier_addresses(
    inherited: Mapping[str, str], ports: Mapping[str, int], secrets: Secrets
) -> dict[str, str]:
    """The text settings of a stack with an own Asterisk; empty where no carrier is named."""
    if not _carriers_of(inherited):
        return {}
    named = {name: value for name, value in inherited.items() if name.startswith(_PREFIXES)}
    return _own_web(ports, secrets) | named


def check_real_carriers(inherited: Mapping[str, str]) -> None:
    """Raises InvalidInput for AWS, which such a stack cannot reach: its SQS and SNS are its own."""
    if "aws" in _carriers_of(inherited):
        raise InvalidInput(
            "SMS_CARRIERS names aws, but a stack on one machine speaks to no AWS: name smpp or http."
        )


def _carriers_of(inherited: Mapping[str, str]) -> list[str]:
    return [name.strip() for name in inherited.get("SMS_CARRIERS", "").split(",") if name.strip()]


def _own_web(ports: Mapping[str, int], secrets: Secrets) -> dict[str, str]:
    """Where webhooks and links arrive, and what links are signed with."""
    return {
        "SMS_WEB_HOST": "127.0.0.1",
        "SMS_WEB_PORT": str(ports["sms_web"]),
        "LINKS_SECRET": secrets.links,
    }
