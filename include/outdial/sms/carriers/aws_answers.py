"""What AWS End User Messaging's refusals of a text mean: its exceptions and their reasons, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import ClientConnectorError, ConnectionTimeoutError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoAuthTokenError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from outdial.domain.errors import OutdialError
from outdial.domain.sms.delivery import TextFailure
from outdial.sms.carriers.carrier import Declined, NotTaken, Unsure

ACCOUNT_REST_S = 300.0
QUOTA_REST_S = 3600.0
"""A spending limit is of the month, and raised by a person."""
_THROTTLED_S = 1.0
_BUSY_S = 5.0

_DECLINED = {
    "DESTINATION_PHONE_NUMBER_OPTED_OUT": TextFailure.OPTED_OUT,
    "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION": TextFailure.FILTERED,
    "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE": TextFailure.FILTERED,
    "DESTINATION_COUNTRY_BLOCKED": TextFailure.FILTERED,
    "CANNOT_PARSE": TextFailure.INVALID_NUMBER,
    "COUNTRY_CODE_MISMATCH": TextFailure.INVALID_NUMBER,
    "MAXIMUM_SIZE_EXCEEDED": TextFailure.BAD_CONTENT,
    "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY": TextFailure.BAD_SENDER,
    "COUNTRY_NOT_ENABLED": TextFailure.BAD_SENDER,
    "INTERNATIONAL_SENDING_NOT_SUPPORTED": TextFailure.BAD_SENDER,
    "SENDER_ID_NOT_REGISTERED": TextFailure.BAD_SENDER,
    "SENDER_ID_NOT_SUPPORTED": TextFailure.BAD_SENDER,
    "SENDER_ID_REQUIRES_REGISTRATION": TextFailure.BAD_SENDER,
    "CHANNEL_NOT_ENABLED": TextFailure.BAD_SENDER,
    "KEYWORD_MISMATCH": TextFailure.BAD_SENDER,
    "MESSAGE_TYPE_MISMATCH": TextFailure.BAD_SENDER,
    "NO_ORIGINATION_IDENTITIES_FOUND": TextFailure.BAD_SENDER,
    "NUMBER_CAPABILITIES_MISMATCH": TextFailure.BAD_SENDER,
    "REGISTRATION_NOT_COMPLETE": TextFailure.BAD_SENDER,
    "RESOURCE_NOT_ACTIVE": TextFailure.BAD_SENDER,
    "RESOURCE_NOT_ACCESSIBLE": TextFailure.BAD_SENDER,
}
"""By the reason of a ConflictException or ValidationException."""

_BY_FIELD = {
    "DestinationPhoneNumber": TextFailure.INVALID_NUMBER,
    "MessageBody": TextFailure.BAD_CONTENT,
    "OriginationIdentity": TextFailure.BAD_SENDER,
}
_SENDERS = frozenset({"phone-number", "sender-id", "pool", "rcs-agent"})
_UNSIGNED = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, NoAuthTokenError)
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestThrottled"})


def refusal_of(error: ClientError) -> OutdialError:
    """What AWS's answer means for the text: NotTaken, Declined or Unsure."""
    answer: Mapping[str, Any] = error.response
    details, http = answer.get("Error", {}), answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code, reason = details.get("Code", ""), answer.get("Reason", "")
    words = details.get("Message") or answer.get("Message") or "it gave no reason"
    said = f"AWS answered {' '.join(filter(None, (code, reason)))}: {words}"
    if code in _THROTTLED or http == HTTPStatus.TOO_MANY_REQUESTS:
        return NotTaken(TextFailure.THROTTLED, said, _THROTTLED_S)
    if code in {"ConflictException", "ValidationException"}:
        return _about_the_text(answer, reason, said)
    if code == "ServiceQuotaExceededException":
        return NotTaken(TextFailure.NO_CREDIT, said, QUOTA_REST_S)
    if code == "ResourceNotFoundException" and answer.get("ResourceType") in _SENDERS:
        return Declined(TextFailure.BAD_SENDER, said)
    if HTTPStatus.BAD_REQUEST <= http < HTTPStatus.INTERNAL_SERVER_ERROR:
        # Credentials, rights, an account that is closed, a configuration set that does not exist.
        return NotTaken(TextFailure.CARRIER_DOWN, said, ACCOUNT_REST_S)
    return Unsure(said)


def failure_of_asking(error: BotoCoreError) -> OutdialError:
    """What it means for the text that there is no answer: did the request leave us?"""
    if isinstance(error, ParamValidationError):
        return Declined(TextFailure.BAD_CONTENT, f"AWS cannot be asked: {error}")
    if isinstance(error, _UNSIGNED):
        said = f"AWS cannot be asked: {error}; give this process credentials"
        return NotTaken(TextFailure.CARRIER_DOWN, said, ACCOUNT_REST_S)
    if _never_connected(error):
        return NotTaken(TextFailure.CARRIER_DOWN, f"AWS is out of reach: {error}", _BUSY_S)
    return Unsure(f"AWS broke off: {error}")


def _never_connected(error: BotoCoreError) -> bool:
    if isinstance(error, EndpointConnectionError):
        # aiobotocore raises this for a connection that was reset in the middle, too.
        return isinstance(error.kwargs.get("error"), (ClientConnectorError, ConnectionTimeoutError))
    return isinstance(error, (ConnectTimeoutError, SSLError, ProxyConnectionError))


def _about_the_text(answer: Mapping[str, Any], reason: str, said: str) -> OutdialError:
    if reason in _DECLINED:
        return Declined(_DECLINED[reason], said)
    names = [str(field.get("Name", "")) for field in answer.get("Fields") or ()]
    if "ConfigurationSetName" in names:
        return NotTaken(TextFailure.CARRIER_DOWN, said, ACCOUNT_REST_S)
    return Declined(next((_BY_FIELD[name] for name in names if name in _BY_FIELD), TextFailure.OTHER), said)
