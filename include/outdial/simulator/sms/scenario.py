"""The `texts:` section of a scenario: the carrier's accounts, what becomes of texts, what people write."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from outdial.simulator.fields import STRICT, Seconds, Share, Weight, some_weight
from outdial.simulator.sms.outcomes import TEXT_OUTCOMES


def _known_outcome(name: str) -> str:
    if name not in TEXT_OUTCOMES:
        raise ValueError(f"knows no outcome {name!r}; it is one of {', '.join(TEXT_OUTCOMES)}")
    return name


def _one_or_weights(value: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    return {value: 1.0} if isinstance(value, str) else value


OutcomeName = Annotated[str, BeforeValidator(_known_outcome)]
Replies = Annotated[dict[str, Weight], BeforeValidator(_one_or_weights), AfterValidator(some_weight)]


class _Strict(BaseModel):
    model_config = STRICT


class TextOverride(_Strict):
    """What one person does about texts, where it differs from the rest. `reply` "" is none."""

    outcome: OutcomeName | None = None
    reply: Replies | None = None
    clicks: bool | None = None
    receipt_delay_s: Seconds | None = None
    lost_response: bool | None = None
    throttled: bool | None = None


class SmppAccount(_Strict):
    """Who may bind. Parts above `parts_per_second` are answered with ESME_RTHROTTLED; 0 is no ceiling."""

    password: str
    parts_per_second: float = Field(default=0, ge=0)


class HttpAccount(_Strict):
    """Who may ask over HTTP, and where receipts and replies are posted; "" posts none.

    With a `signature_secret` webhooks are signed, and requests may be signed in place of the secret.
    """

    key: str
    secret: str = ""
    signature_secret: str = ""
    receipt_url: str = ""
    reply_url: str = ""
    parts_per_second: float = Field(default=0, ge=0)


class Texts(_Strict):
    """The carrier of texts. Every field has a default; seed and file fix what becomes of each text."""

    accounts: dict[str, SmppAccount] = {}
    http: HttpAccount | None = None

    outcomes: Annotated[dict[OutcomeName, Weight], AfterValidator(some_weight)] = {"delivered": 1.0}
    receipt_delay_s: Seconds = (0.5, 3.0)
    enroute_receipts: Share = 0.0  # of texts, first tell that they are on their way
    duplicate_receipts: Share = 0.0
    shuffled_receipts: Share = 0.0  # held back by `shuffle_s`, so that later ones overtake them
    shuffle_s: Seconds = (0.5, 2.0)
    early_receipts: Share = 0.0  # come before the answer to the text, which waits for `early_s`
    early_s: float = Field(default=0.05, ge=0, le=60)

    decimal_receipt_ids: bool = False  # over SMPP, where the answer's id is hexadecimal: some carriers do it

    answer_delay_s: Seconds = (0, 0)
    lost_responses: Share = 0.0  # taken, and never answered
    throttled: Share = 0.0

    replies: Replies = {"": 1.0}
    reply_delay_s: Seconds = (2, 8)
    clicks: Share = 0.0  # of texts with links: the person opens them
    previews: Share = 0.0  # of those: the telephone looked at the link before, to show what is behind it
    click_delay_s: Seconds = (1, 5)
    click_hosts: list[str] = []  # besides those of this machine

    redeliver_after_s: float = Field(default=10, gt=0)  # what nobody acknowledged is brought again
    most_unacknowledged: int = Field(default=50, ge=1)
    webhook_timeout_s: float = Field(default=5, gt=0)
    webhook_tries: int = Field(default=12, ge=1)
    webhook_backoff_s: float = Field(default=0.5, gt=0)  # doubled each time, to a minute at most
    enquire_link_s: float = Field(default=30, ge=0)  # 0: the carrier never asks
