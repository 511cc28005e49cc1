"""The declared list of everything that runs on one machine, and the addresses it finds itself by."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import outdial
from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.messaging.provision import provision
from outdial.settings import replace_aws_variables
from outdial.standalone import airflow
from outdial.standalone.aws import CREDENTIALS, REGION, AwsServer, aws_part
from outdial.standalone.child_environment import child_environment
from outdial.standalone.home import Home, Secrets, remembered_ports, remembered_secrets, write_private
from outdial.standalone.leftovers import MARK
from outdial.standalone.part import Part, run_to_end
from outdial.standalone.postgres import PostgresServer, create_database, postgres_part
from outdial.standalone.programs import dialer_part, gateway_part, simulator_part
from outdial.standalone.supervisor import Kept, Stage
from outdial.standalone.texts import (
    check_real_carriers,
    real_carrier_addresses,
    simulated_carrier_addresses,
)
from outdial.standalone.valkey import ValkeyServer, valkey_part
from outdial.storage.migrate import migrate

_PORTS = (
    "postgres", "valkey", "aws", "ami", "simulator_control", "simulator_smpp", "simulator_sms_http",
    "agi", "audio", "recording", "sms_web", "airflow",
)  # fmt: skip
_RESTARTS = 3
_PROVISION_TIMEOUT_S = 30
# Two cores carry the whole stack: what is comfortable for them, unless somebody asks for more.
_PACE = {"MAX_CPS": "20", "DISPATCH_HORIZON_S": "4"}
OWN_ASTERISK = "OUTDIAL_OWN_ASTERISK"
"""Set for the supervisor where calls go through an Asterisk that somebody already has."""

_OF_OWN_ASTERISK = (
    "AMI_HOST", "AMI_PORT", "AMI_USER", "AMI_SECRET",
    "AGI_ADVERTISED_HOST", "AGI_PORT", "AUDIO_PORT", "RECORDING_PORT", "TELEPHONY_METRICS_URL",
)  # fmt: skip


@dataclass(frozen=True)
class Stack:
    """One stack's servers and secrets, its ports chosen."""

    home: Home
    inherited: Mapping[str, str]
    ports: Mapping[str, int]
    secrets: Secrets
    postgres: PostgresServer
    valkey: ValkeyServer
    aws: AwsServer
    airflow: airflow.AirflowSite

    @property
    def own_asterisk(self) -> dict[str, str]:
        """How the Asterisk that somebody already has is reached; empty where the simulator is used."""
        if OWN_ASTERISK not in self.inherited:
            return {}
        return {name: self.inherited[name] for name in _OF_OWN_ASTERISK if name in self.inherited}


def choose_telephony(inherited: Mapping[str, str], *, own_asterisk: bool) -> dict[str, str]:
    """The environment of a stack that calls through the simulator, or through the Asterisk it names.

    Nobody's telephone rings because a variable was left set: only where it is asked for, and only then do
    texts go to the carriers of SMS_CARRIERS. Raises InvalidInput where it is, and AMI_HOST or AMI_SECRET is
    missing, or a carrier cannot be reached from one machine.
    """
    chosen = {name: value for name, value in inherited.items() if name != OWN_ASTERISK}
    if not own_asterisk:
        return chosen
    missing = [name for name in ("AMI_HOST", "AMI_SECRET") if not inherited.get(name)]
    if missing:
        raise InvalidInput(f"{' and '.join(missing)} not set: where is your Asterisk, and how do we log in?")
    check_real_carriers(inherited)
    return chosen | {OWN_ASTERISK: "yes"}


def plan_stack(home: Home, inherited: Mapping[str, str]) -> Stack:
    """Choose ports and secrets for a stack in `home`, which the caller holds."""
    ports = remembered_ports(home, _PORTS)
    secrets = remembered_secrets(home)
    postgres = PostgresServer(
        home.path / "postgres", home.log("postgres"), ports["postgres"], secrets.database
    )
    return Stack(
        home,
        inherited,
        ports,
        secrets,
        postgres,
        ValkeyServer(home.path / "valkey", home.log("valkey"), ports["valkey"], secrets.redis),
        AwsServer(home.log("aws"), ports["aws"]),
        airflow.AirflowSite(home, _repository(), ports["airflow"], postgres.dsn("airflow"), secrets),
    )


def stages_of(stack: Stack, clock: Clock, held_files: tuple[int, ...] = ()) -> list[Stage]:
    """What starts together, in order. The phone network outlives the dialer, whose last calls it carries."""

    async def servers() -> Sequence[Kept]:
        environment = _environment(stack, {})
        parts = [
            await postgres_part(stack.postgres, environment),
            valkey_part(stack.valkey, environment),
            aws_part(stack.aws, environment),
        ]
        kept = [Kept(_holding(part, held_files)) for part in parts]
        if not stack.own_asterisk:
            network = simulator_part(stack.home, stack.ports, environment)
            kept.append(Kept(_holding(network, held_files), _RESTARTS))
        return kept

    async def programs() -> Sequence[Kept]:
        addresses = await _prepare(stack)
        environment = _environment(stack, addresses)
        parts = [dialer_part(stack.home, int(environment["AGI_PORT"]), environment)]
        if environment.get("SMS_CARRIERS"):
            parts.append(gateway_part(stack.home, int(environment["SMS_WEB_PORT"]), environment))
        parts += airflow.airflow_parts(stack.airflow, environment, clock)
        return [Kept(_holding(part, held_files), _RESTARTS) for part in parts]

    return [servers, programs]


def addresses_of(stack: Stack) -> dict[str, str]:
    """The variables of `outdial.settings` that a start knows before anything runs."""
    return {
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(stack.ports["postgres"]),
        "DB_NAME": "outdial",
        "DB_USER": "outdial",
        "DB_PASSWORD": stack.secrets.database,
        "REDIS_URL": stack.valkey.url,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": stack.aws.endpoint,
        **CREDENTIALS,
        "STORAGE_URL": storage_url_of(stack),
        "AMI_HOST": "127.0.0.1",
        "AMI_PORT": str(stack.ports["ami"]),
        "AMI_USER": "dialer",
        "AMI_SECRET": stack.secrets.ami,
        "AGI_PORT": str(stack.ports["agi"]),
        "AGI_ADVERTISED_HOST": "127.0.0.1",
        "AUDIO_PORT": str(stack.ports["audio"]),
        "RECORDING_PORT": str(stack.ports["recording"]),
        "AIRFLOW_URL": stack.airflow.url,
        "AIRFLOW_USER": airflow.SERVICE,
        "AIRFLOW_PASSWORD": stack.secrets.airflow_service,
        "SIMULATOR_CONTROL_PORT": str(stack.ports["simulator_control"]),
    } | _asked_for(stack)


def _asked_for(stack: Stack) -> dict[str, str]:
    pace = {name: stack.inherited.get(name, value) for name, value in _PACE.items()}
    known = stack.inherited, stack.ports, stack.secrets
    if not stack.own_asterisk:
        return pace | simulated_carrier_addresses(*known)
    telephony = {"SIMULATOR_CONTROL_PORT": "0", "AMI_PORT": "5038"} | stack.own_asterisk
    return pace | telephony | real_carrier_addresses(*known)


def storage_url_of(stack: Stack) -> str:
    """Where reports, imports and audio are kept."""
    return (stack.home.path / "storage").as_uri()


async def _prepare(stack: Stack) -> dict[str, str]:
    """Databases, schema, queues and topics; returns the addresses that only now exist."""
    for database in ("outdial", "airflow"):
        await create_database(stack.postgres, database)
    await migrate(stack.postgres.dsn("outdial"))
    replace_aws_variables(CREDENTIALS)
    async with asyncio.timeout(_PROVISION_TIMEOUT_S):
        addresses = await provision(REGION, stack.aws.endpoint)
    settings = addresses_of(stack) | addresses
    lines = [f"{name}='{value}'\n" for name, value in settings.items()]
    write_private(stack.home.environment, "".join(lines))
    airflow.write_airflow_files(stack.airflow)
    environment = _environment(stack, addresses)
    await run_to_end(airflow.migration_part(stack.airflow, environment), timeout_s=180)
    return addresses


def _environment(stack: Stack, addresses: Mapping[str, str]) -> dict[str, str]:
    known = addresses_of(stack) | dict(addresses)
    variables = known | airflow.airflow_environment(stack.airflow) | airflow.connection_variables(known)
    home = str(stack.home.path)
    return child_environment(stack.inherited, **variables, OUTDIAL_HOME=home, **{MARK: home})


def _holding(part: Part, held_files: tuple[int, ...]) -> Part:
    return replace(part, held_files=held_files)


def _repository() -> Path:
    """The checkout, for its `dags` and `plugins`; raises Unavailable where Outdial runs from a wheel."""
    repository = Path(outdial.__file__).parents[2]
    if not (repository / "dags").is_dir():
        raise Unavailable(f"There is no folder `dags` in {repository}; run Outdial from its checkout.")
    return repository
