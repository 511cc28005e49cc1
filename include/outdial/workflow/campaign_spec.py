"""A campaign's spec as the bundle renders it: only what shapes the DAG. Parsing DAGs reads nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from outdial.domain.calling_windows import CallingWindow
from outdial.domain.campaign import ZoneName
from outdial.domain.channels import CampaignType
from outdial.domain.errors import InvalidInput
from outdial.domain.written import field_problems
from outdial.settings import outdial_home

DAG_ID_PREFIX = "campaign__"


class CampaignDagSpec(BaseModel):
    """The facts a campaign's DAG is built from and explained with."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    id: UUID
    slug: str
    name: str
    type: CampaignType
    timezone: ZoneName
    start_time: AwareDatetime | None = None
    end_time: AwareDatetime | None = None
    schedule: str | None = None
    created_at: AwareDatetime
    calling_windows: tuple[CallingWindow, ...] = Field(min_length=1)
    jurisdictions: Literal["auto", "none"] | tuple[str, ...] = "auto"
    max_concurrent_calls: int
    max_attempts_per_contact: int

    @property
    def dag_id(self) -> str:
        """`campaign__<slug>`."""
        return DAG_ID_PREFIX + self.slug


def specs_folder() -> Path:
    """Where this machine keeps its rendered specs, one `<slug>.json` for each campaign."""
    return outdial_home() / "campaign_specs"


def spec_files(folder: Path, dag_id: str | None = None) -> Iterator[Path]:
    """The files of all specs in order of their names, or only the one that `dag_id` is built from."""
    if dag_id is None:
        yield from sorted(folder.glob("*.json"))
    elif (file := folder / f"{dag_id.removeprefix(DAG_ID_PREFIX)}.json").exists():
        yield file


def read_spec(file: Path) -> CampaignDagSpec:
    """The spec in `file`. Raises InvalidInput that names the file and each wrong field."""
    try:
        return CampaignDagSpec.model_validate_json(file.read_text("utf-8"))
    except ValidationError as error:
        raise InvalidInput(*(f"{file.name}: {problem}" for problem in field_problems(error))) from error
