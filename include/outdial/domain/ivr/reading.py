"""Reads a flow as it is written, alone or within a campaign, and names the node of each wrong field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import ValidationError

from outdial.domain.answering_machines import AnsweringMachines
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr.default import message_flow, text_flow, with_voice
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.sms.settings import SmsSettings
from outdial.domain.voices import Voice
from outdial.domain.written import field_problems


@dataclass(frozen=True, slots=True)
class WrittenFlow:
    """A flow, the name of the campaign it was found in, and what that has done with answering machines."""

    flow: IvrFlow
    name: str | None = None
    amd: AnsweringMachines | None = None


def read_flow(written: object) -> WrittenFlow:
    """Take the flow out of a campaign, its config, or a file that is a flow.

    A campaign with a bare `audioFileUrl` has the flow that plays it, one with a bare `smsTemplate` the flow
    that says it. Raises InvalidInput with one sentence
    for each field that is wrong, or where there is no flow.
    """
    campaign = _mapping(written)
    config = _mapping(campaign.get("config", campaign))
    name = campaign.get("name")
    found = campaign if "nodes" in campaign else config.get("ivrFlow")
    audio = config.get("audioFileUrl")
    if found is None and isinstance(audio, str):
        return WrittenFlow(message_flow(audio), str(name) if name else None, _machines(config))
    if found is None and isinstance(template := config.get("smsTemplate"), str):
        said = text_flow(template, _texts(config), _voice(config))
        if said is not None:
            return WrittenFlow(said, str(name) if name else None, _machines(config))
    if found is None:
        raise InvalidInput("there is no flow: give nodes and startNodeId, or a campaign with config.ivrFlow")
    try:
        flow = IvrFlow.model_validate(found)
    except ValidationError as error:
        raise InvalidInput(*(_with_node(problem, found) for problem in field_problems(error))) from error
    return WrittenFlow(with_voice(flow, _voice(config)), str(name) if name else None, _machines(config))


def _voice(config: Mapping[str, object]) -> Voice | None:
    written = config.get("voice")
    try:
        return None if written is None else Voice.model_validate(written)
    except ValidationError as error:
        raise InvalidInput(*(f"voice: {problem}" for problem in field_problems(error))) from error


def _texts(config: Mapping[str, object]) -> SmsSettings:
    try:
        return SmsSettings.model_validate(config.get("sms") or {})
    except ValidationError as error:
        raise InvalidInput(*(f"sms.{problem}" for problem in field_problems(error))) from error


def _machines(config: Mapping[str, object]) -> AnsweringMachines | None:
    written = config.get("amd")
    try:
        return None if written is None else AnsweringMachines.model_validate(written)
    except ValidationError as error:
        problems = field_problems(error)
        raise InvalidInput(
            *(f"amd.{problem}".replace("amd.the file:", "amd:") for problem in problems)
        ) from error


def _with_node(problem: str, flow: object) -> str:
    """`nodes.3.tries: …` as `node "amount": tries: …`, where that node has an id."""
    place, colon, rest = problem.partition(": ")
    parts = place.split(".")
    is_numbered = parts[0] == "nodes" and len(parts) > 1 and parts[1].isdecimal()
    node_id = _id_of(flow, int(parts[1])) if is_numbered else None
    if node_id is None:
        return problem
    field = ".".join(parts[2:])
    return f'node "{node_id}": {field}{colon if field else ""}{rest}'


def _id_of(flow: object, place: int) -> str | None:
    nodes = _mapping(flow).get("nodes")
    if not isinstance(nodes, list) or place >= len(cast("Sequence[object]", nodes)):
        return None
    node_id = _mapping(cast("Sequence[object]", nodes)[place]).get("id")
    return node_id if isinstance(node_id, str) and node_id else None


def _mapping(written: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", written) if isinstance(written, Mapping) else {}
