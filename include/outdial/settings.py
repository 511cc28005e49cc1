"""The only reader of the environment.

Names are the deployment's own (`DB_HOST`, `MAX_CPS`, …). On one machine `outdial standalone` writes the
addresses it chose into an `environment` file, which is read where the variables themselves are absent.
Entry points read settings and pass values on; nothing at or below `campaigns` imports this module.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from outdial.domain.voices import EngineName
from outdial.messaging.queue_address import QueueAddress
from outdial.speech.config import SpeechConfig


class Settings(BaseSettings):
    """Addresses, credentials and limits of one process. Secrets print as asterisks."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    db_host: str = "127.0.0.1"
    db_port: int = 5432
    db_name: str = "outdial"
    db_user: str = "outdial"
    db_password: SecretStr = SecretStr("")

    redis_host: str = "127.0.0.1"
    redis_port: int = 6379
    redis_url_override: str = Field("", alias="REDIS_URL")

    aws_region: str = "us-east-1"
    aws_endpoint_url: str | None = None
    dial_tasks_queue_url: str = ""
    dial_tasks_dlq_url: str = ""
    sms_requests_queue_url: str = ""
    sms_requests_dlq_url: str = ""
    sms_gateway_topic_arn: str = ""
    call_events_topic_arn: str = ""
    donation_events_topic_arn: str = ""
    optout_events_topic_arn: str = ""
    campaign_notifications_topic_arn: str = ""

    storage_url: str = "file://./.outdial/storage"

    max_cps: float = Field(100, gt=0, description="originates per second, all dialers together")
    batch_size: int = Field(100, ge=1, le=5000, description="contacts claimed by one statement")
    dispatch_horizon_s: float = Field(
        15, gt=0, description="how many seconds of pace may be dispatched and not yet begun"
    )

    progress_interval_s: float = Field(
        60, gt=0, description="how often dispatch and monitor write down how far a campaign is"
    )

    telephony_metrics_url: str = ""
    """The node_exporter of Asterisk's host, by whose CPU the pace is lowered; without it, it is not."""

    ami_host: str = "127.0.0.1"
    ami_port: int = 5038
    ami_user: str = "dialer"
    ami_secret: SecretStr = SecretStr("")
    agi_port: int = 4573
    agi_advertised_host: str = "127.0.0.1"
    audio_port: int = 4574
    """Where Asterisk fetches the audio of flows, at `agi_advertised_host`."""
    recording_port: int = 4575
    """Where Asterisk sends messages that people leave, at `agi_advertised_host`."""

    webhook_secret: SecretStr = SecretStr("")
    webhook_private_hosts: str = ""
    """`host` or `host:port`, separated by commas: private ones that webhooks may reach, also without TLS."""

    speech_engine: EngineName = Field(
        "local",
        description="who says texts where a voice names no engine: local (eSpeak NG) or polly (Amazon Polly)",
    )

    simulator_control_port: int = 0
    """The port where tests and the demo ask the simulated phone network for faults; 0 where there is none."""

    sms_carriers: str = ""
    """Carriers that the gateway opens, separated by commas; the first is that of campaigns that name none."""
    sms_sender: str = ""
    """Who texts come from where a campaign does not say."""
    sms_web_host: str = "127.0.0.1"
    sms_web_port: int = 4576
    """Where the gateway listens for carriers' webhooks and for people who follow links."""
    sms_webhook_secret: SecretStr = SecretStr("")
    """By which webhooks show that they come from the carrier, where it does not sign them."""
    links_base_url: str = ""
    links_secret: SecretStr = SecretStr("")

    smpp_host: str = "127.0.0.1"
    smpp_port: int = 2775
    smpp_system_id: str = ""
    smpp_password: SecretStr = SecretStr("")
    smpp_system_type: str = ""
    smpp_parts_per_second: float = Field(10, gt=0)
    smpp_window: int = Field(50, ge=1, le=1000)
    smpp_tls: bool = False
    smpp_confirms_stop: bool = False
    smpp_id_form: str = "same"
    """How ids in receipts differ from those in answers: same, hex-then-decimal, decimal-then-hex, hex."""
    smpp_region: str = ""
    """Whose numbers come without a country code (ISO 3166), as US."""

    sms_http_url: str = ""
    sms_http_key: str = ""
    sms_http_secret: SecretStr = SecretStr("")
    sms_http_signature_secret: SecretStr = SecretStr("")
    sms_http_parts_per_second: float = Field(10, gt=0)
    sms_http_confirms_stop: bool = False

    aws_sms_configuration_set: str = ""
    aws_sms_events_queue_url: str = ""
    aws_sms_replies_queue_url: str = ""
    aws_sms_parts_per_second: float = Field(1, gt=0)
    aws_sms_confirms_stop: bool = True
    aws_sms_message_type: Literal["PROMOTIONAL", "TRANSACTIONAL"] = "PROMOTIONAL"

    simulator_smpp_port: int = 0
    simulator_sms_http_port: int = 0

    airflow_url: str = ""
    airflow_user: str = ""
    airflow_password: SecretStr = SecretStr("")

    log_format: str = Field("text", pattern="^(text|json)$")

    @property
    def allowed_webhook_hosts(self) -> frozenset[str]:
        """`WEBHOOK_PRIVATE_HOSTS`, one by one."""
        return frozenset(host.strip() for host in self.webhook_private_hosts.split(",") if host.strip())

    @property
    def speech(self) -> SpeechConfig:
        """How texts are said; Polly is where the other AWS services are."""
        return SpeechConfig(self.speech_engine, self.storage_url, self.aws_region, self.aws_endpoint_url)

    @property
    def database_dsn(self) -> str:
        """A libpq URI with every part escaped."""
        password = quote(self.db_password.get_secret_value(), safe="")
        user = quote(self.db_user, safe="")
        return f"postgresql://{user}:{password}@{self.db_host}:{self.db_port}/{quote(self.db_name)}"

    @property
    def redis_url(self) -> str:
        """`REDIS_URL` where set, else host and port."""
        return self.redis_url_override or f"redis://{self.redis_host}:{self.redis_port}/0"


def dial_queue_address(settings: Settings, region: str, endpoint_url: str | None) -> QueueAddress:
    """Where dial tasks go."""
    return QueueAddress(settings.dial_tasks_queue_url, settings.dial_tasks_dlq_url, region, endpoint_url)


def text_queue_address(settings: Settings, region: str, endpoint_url: str | None) -> QueueAddress:
    """Where tasks for the SMS gateway go."""
    return QueueAddress(
        settings.sms_requests_queue_url,
        settings.sms_requests_dlq_url,
        region,
        endpoint_url,
        topic_arn=settings.sms_gateway_topic_arn,
        setting="SMS_REQUESTS",
    )


def outdial_home() -> Path:
    """The folder that holds everything of the one-machine stack: `$OUTDIAL_HOME` or `./.outdial`."""
    return Path(os.environ.get("OUTDIAL_HOME", ".outdial")).absolute()


def load_settings() -> Settings:
    """Settings from the environment, then from the running one-machine stack's `environment` file.

    The AWS SDK reads its credentials from the environment by itself: those of the file are put there when
    the environment names no endpoint of its own.
    """
    file = outdial_home() / "environment"
    if "AWS_ENDPOINT_URL" not in os.environ:
        os.environ.update(_aws_credentials(file))
    return read_settings(file)


def read_settings(file: Path) -> Settings:
    """Settings from the environment, then from the `environment` file of some one-machine stack."""
    return Settings(_env_file=file)  # pyright: ignore[reportCallIssue]


def replace_aws_variables(variables: Mapping[str, str]) -> None:
    """Make `variables` this process's only AWS_… variables: the AWS SDK reads those by itself."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables)


def inherited_environment() -> dict[str, str]:
    """A copy of this process's environment, for the processes it starts."""
    return dict(os.environ)


def _aws_credentials(file: Path) -> dict[str, str]:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    values = dotenv_values(file) if file.exists() else {}
    return {name: value for name in names if (value := values.get(name))}
