"""The campaign in the document on SMS campaigns can be created, and runs with what the document names."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from outdial.campaigns.create import create_campaign
from outdial.campaigns.lists.import_contacts import import_contacts
from outdial.campaigns.validate import campaign_problems
from outdial.domain.campaign import read_campaign
from outdial.domain.clock import utc_now
from outdial.domain.sms.settings import SmsSettings
from outdial.speech.config import SpeechConfig
from outdial.storage.carriers import note_carrier
from outdial.storage.pool import open_pool

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sms-campaigns.md").read_text("utf-8")


async def test_the_documents_campaign_runs_once_a_gateway_has(database_dsn: str, tmp_path: Path) -> None:
    (written,) = re.findall(r"^```yaml\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    people = tmp_path / "people.csv"
    people.write_text("phone,firstName,table\n+12025550101,Dana,7\n", "utf-8")
    async with open_pool(database_dsn) as pool:
        campaign_id = await create_campaign(pool, read_campaign(yaml.safe_load(written)), utc_now())
        await import_contacts(pool, campaign_id, people, utc_now())
        async with pool.connection() as conn:
            before = await campaign_problems(conn, campaign_id, utc_now(), "", SpeechConfig())
            await note_carrier(conn, "smpp", 10, 0, utc_now())
            after = await campaign_problems(conn, campaign_id, utc_now(), "", SpeechConfig())
    assert [problem.partition(":")[0] for problem in before] == ["config.sms.carrier"]
    assert after == []


def test_the_document_names_every_setting_of_texts() -> None:
    table = DOCUMENT.partition("| `config.sms` |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-zA-Z]+)`", table))
    assert {field.alias for field in SmsSettings.model_fields.values()} <= named
