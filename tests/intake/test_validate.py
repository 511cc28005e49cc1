"""Validation finds everything that would keep a campaign from running, all at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from outdial.campaigns.lifecycle import cancel
from outdial.campaigns.validate import campaign_problems
from outdial.domain.ivr.sound import sound_problem
from outdial.speech.config import SpeechConfig
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Pool
from tests.given import OPERATOR, a_campaign, contacts, phones

# One sample of silence as Asterisk plays it: PCM, 1 channel, 8000 Hz, 16 bits.
A_WAV = b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x02\0\0\0\0\0"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


PAGES = {
    "/here.wav": "audio/x-wav",
    "/get-only.wav": "application/octet-stream",
    "/page.wav": "text/html; charset=utf-8",
    "/here": "audio/wav",
    "/unknown": "application/octet-stream",
}


class _WebServer(BaseHTTPRequestHandler):
    """Serves /here to everybody, /get-only to those who do not ask by HEAD, and pages that are no audio."""

    def do_HEAD(self) -> None:
        self._answer({"/get-only.wav": 405}.get(self.path, 200 if self.path in PAGES else 404))

    def do_GET(self) -> None:
        self._answer(200 if self.path in PAGES else 404)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Content-Type", PAGES.get(self.path, "text/plain"))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def web_server() -> Iterator[str]:
    """The address of a web server with audio on it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _WebServer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def problems_of(
    pool: Pool, campaign: Campaign, storage_url: str = "", speech: SpeechConfig | None = None
) -> list[str]:
    async with pool.connection() as conn:
        return await campaign_problems(conn, campaign.id, NOW, storage_url, speech)


async def with_people(pool: Pool, **changes: Any) -> Campaign:
    campaign = await a_campaign(pool, NOW, **changes)
    await contacts(pool, campaign, phones(1), NOW)
    return campaign


async def test_a_campaign_with_people_and_audio_can_run(pool: Pool) -> None:
    assert await problems_of(pool, await with_people(pool)) == []


async def test_all_problems_come_at_once(pool: Pool) -> None:
    flow = {
        "nodes": [{"id": "a", "type": "play_audio", "audioUrl": "sound:../etc", "nextNodeId": "b"}],
        "startNodeId": "a",
    }
    campaign = await a_campaign(
        pool,
        NOW,
        type="sms",
        endTime="2026-03-01T00:00:00Z",
        audioFileUrl="lost.wav",
        ivrFlow=flow,
    )
    async with pool.connection() as conn:
        await conn.execute("update campaigns set schedule = 'never'")
    await cancel(pool, campaign.id, OPERATOR, NOW)
    problems = await problems_of(pool, campaign)
    found = {problem.split(":")[0] for problem in problems}
    assert {
        "status",
        "schedule",
        "endTime",
        "contacts",
        "config.ivrFlow",
        "config.audioFileUrl",
        "config.smsTemplate",
        "config.sms.sender",
        "config.sms.carrier",
    } <= found
    assert any('is "b", which is no node' in problem for problem in problems)


async def test_a_config_that_no_longer_reads_is_said_by_field(pool: Pool) -> None:
    campaign = await with_people(pool)
    async with pool.connection() as conn:
        await conn.execute("""update campaigns set config = config || '{"duplicates": "keep"}'""")
    (problem,) = await problems_of(pool, campaign)
    assert problem.startswith("config.duplicates: ")


async def test_a_campaign_with_no_number_for_anybody_on_its_list_cannot_run(pool: Pool) -> None:
    local = {"number": "+12125550100", "regions": ["US-NY"]}
    campaign = await a_campaign(pool, NOW, callerIds=[local])
    await contacts(pool, campaign, phones(1), NOW, regions=("US-FL",))
    (problem,) = await problems_of(pool, campaign)
    assert problem.startswith(
        "config.callerIds: none is for US-FL, where every contact of the campaign may be"
    )
    await contacts(pool, campaign, phones(1, 1), NOW, regions=("US-NY",))
    assert await problems_of(pool, campaign) == []


async def test_the_message_for_machines_is_asked_for_like_any_audio(pool: Pool) -> None:
    amd = {"machine": "leave_message", "messageUrl": "storage:machine.wav"}
    (problem,) = await problems_of(pool, await with_people(pool, amd=amd))
    assert problem.startswith("config.amd.messageUrl: storage:machine.wav ")


async def test_machine_settings_that_contradict_each_other_keep_a_campaign_from_running(pool: Pool) -> None:
    campaign = await with_people(pool, amd={"machine": "leave_message", "greetingMs": 5000})
    assert [problem.split(":")[0] for problem in await problems_of(pool, campaign)] == [
        "config.amd.messageUrl",
        "config.amd.greetingMs",
    ]


async def test_a_campaign_without_anything_to_play_cannot_run(pool: Pool) -> None:
    campaign = await with_people(pool, audioFileUrl=None)
    assert await problems_of(pool, campaign) == [
        "config.audioFileUrl: nothing to play; give it, or an ivrFlow"
    ]


async def test_a_campaign_whose_people_are_all_finished_has_nobody_to_call(pool: Pool) -> None:
    campaign = await with_people(pool)
    async with pool.connection() as conn:
        await conn.execute("delete from ready_contacts")
        await conn.execute("update contacts set status = 'completed'")
    (problem,) = await problems_of(pool, campaign)
    assert problem.startswith("contacts: all 1 are finished")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/here.wav", None),
        ("/get-only.wav", None),
        ("/here", None),
        ("/lost.wav", "answers 404"),
        ("/page.wav", "is no audio: its server says text/html"),
        ("/unknown", "has no format that Asterisk knows: end the address in .wav"),
    ],
)
async def test_audio_on_the_web_must_be_served(
    pool: Pool, web_server: str, path: str, problem: str | None
) -> None:
    problems = await problems_of(pool, await with_people(pool, audioFileUrl=web_server + path))
    assert [problem in found for found in problems] == ([True] if problem else [])


async def test_a_web_server_that_does_not_answer_is_named(pool: Pool) -> None:
    campaign = await with_people(pool, audioFileUrl="http://127.0.0.1:1/a.wav")
    (problem,) = await problems_of(pool, campaign)
    assert problem.startswith("config.audioFileUrl: http://127.0.0.1:1/a.wav does not answer")


async def test_audio_asterisk_cannot_reach_is_refused(pool: Pool) -> None:
    (problem,) = await problems_of(pool, await with_people(pool, audioFileUrl="s3://bucket/hello.wav"))
    assert problem.startswith("config.audioFileUrl: s3://bucket/hello.wav is no audio Asterisk can reach")


async def test_the_audio_of_every_node_is_asked_for(pool: Pool, web_server: str) -> None:
    flow = {
        "nodes": [
            {"id": "hello", "type": "play_audio", "audioUrl": f"{web_server}/lost.wav", "nextNodeId": "bye"},
            {"id": "bye", "type": "play_audio", "audioUrl": f"{web_server}/here.wav"},
        ],
        "startNodeId": "hello",
    }
    assert await problems_of(pool, await with_people(pool, ivrFlow=flow)) == [
        f'config.ivrFlow: node "hello": audioUrl: {web_server}/lost.wav answers 404; check the address'
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "is not there; put it at "), (b"ID3", "is MP3, whatever its name says"), (A_WAV, None)],
)
async def test_audio_of_our_storage_must_be_there_and_playable(
    pool: Pool, tmp_path: Path, content: bytes | None, problem: str | None
) -> None:
    (tmp_path / "audio").mkdir()
    if content is not None:
        (tmp_path / "audio" / "hello.wav").write_bytes(content)
    campaign = await with_people(pool, audioFileUrl="storage:hello.wav")
    problems = await problems_of(pool, campaign, tmp_path.as_uri())
    assert [found.startswith(f"config.audioFileUrl: storage:hello.wav {problem}") for found in problems] == (
        [True] if problem else []
    )


async def test_a_required_registry_must_be_here_and_fresh(pool: Pool, tmp_path: Path) -> None:
    campaign = await a_campaign(pool, NOW, registries=["us-dnc", "il-do-not-call"])
    await contacts(pool, campaign, phones(1), NOW)
    async with pool.connection() as conn:
        # Thirty-one days old is the limit of the one, sixteen more than the other has.
        await conn.execute("insert into registries (name, as_of) values ('us-dnc', '2026-01-30')")
        await conn.execute("insert into registries (name, as_of) values ('il-do-not-call', '2026-02-14')")
        problems = await campaign_problems(conn, campaign.id, NOW, tmp_path.as_uri())
    assert len(problems) == 1
    assert "il-do-not-call" in problems[0]
    assert "16 days old" in problems[0]
    assert "--registry il-do-not-call --as-of DATE" in problems[0]


def saying(*texts: str, **config: Any) -> dict[str, Any]:
    """A flow that says texts one after another."""
    nodes = [
        {"id": f"n{nth}", "type": "play_audio", "text": text, "nextNodeId": f"n{nth + 1}"}
        for nth, text in enumerate(texts)
    ]
    del nodes[-1]["nextNodeId"]
    return {"ivrFlow": {"nodes": nodes, "startNodeId": "n0"}, "audioFileUrl": None, **config}


async def test_texts_that_can_be_said_are_at_hand_before_the_first_call(pool: Pool, tmp_path: Path) -> None:
    campaign = await with_people(pool, **saying("Hello, everybody.", "Hello, {{name|friend}}."))
    assert await problems_of(pool, campaign, "", SpeechConfig(storage_url=tmp_path.as_uri())) == []
    (kept,) = (tmp_path / "speech").iterdir()
    assert sound_problem(kept.name, kept.read_bytes()) is None


async def test_texts_that_no_voice_can_say_are_named_by_their_node(pool: Pool) -> None:
    campaign = await with_people(pool, **saying("שלום", "Hello", voice="he"))
    assert await problems_of(pool, campaign, speech=SpeechConfig()) == [
        f'config.ivrFlow: node "n{nth}": text cannot be said: the local voice reads Hebrew without its '
        "vowels, which nobody understands; give recorded audio"
        for nth in range(2)
    ]
    campaign = await with_people(pool, **saying("שלום", "Hello", name="Autumn appeal"))
    assert await problems_of(pool, campaign, speech=SpeechConfig()) == [
        (
            'config.ivrFlow: node "n0": text has Hebrew letters, and its voice speaks en-US; '
            "give a voice that speaks the text's language"
        )
    ]


async def test_a_field_that_no_contact_has_needs_a_default(pool: Pool) -> None:
    campaign = await with_people(pool, **saying("{{name}}, you gave {{amount}} to {{cause|us}}."))
    async with pool.connection() as conn:
        await conn.execute("""update contacts set metadata = '{"name": "Dana", "amount": " "}'""")
    assert await problems_of(pool, campaign) == [
        (
            'config.ivrFlow: node "n0": text names "amount", which no contact has; correct the name, import '
            "the field, or write {{amount|what is said instead}}"
        )
    ]


async def test_an_engine_that_is_away_is_said(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    campaign = await with_people(pool, **saying("Hello", voice={"language": "en-US", "engine": "polly"}))
    (problem,) = await problems_of(pool, campaign, speech=SpeechConfig(endpoint_url="http://127.0.0.1:9"))
    assert problem.startswith('config.ivrFlow: node "n0": text Polly cannot be reached')
