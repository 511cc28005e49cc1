"""`outdial ivr` checks, draws and tries a flow on a file alone: no database, and nothing is done."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from outdial.cli.main import run
from outdial.domain.ivr.sound import sound_problem
from tests.ivr.flows import APPEAL, appeal

Outdial = Callable[..., tuple[int, str, str]]


@pytest.fixture
def outdial(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Outdial:
    """Runs one command with what is typed on standard input; gives exit code, output and complaints."""
    monkeypatch.setenv("STORAGE_URL", tmp_path.as_uri())

    def command(*args: str | Path, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = run([str(arg) for arg in args])
        said = capfd.readouterr()
        return code, said.out, said.err

    return command


def written(folder: Path, flow: object, name: str = "flow.yaml") -> Path:
    """A file with the flow, by its suffix."""
    file = folder / name
    dumped = json.dumps(flow) if file.suffix == ".json" else yaml.safe_dump(flow, allow_unicode=True)
    file.write_text(dumped, "utf-8")
    return file


def silent_appeal(**changed: dict[str, Any]) -> dict[str, Any]:
    """The appeal, with no audio that would have to be fetched."""
    changed = {"welcome": {"audioUrl": "sound:welcome"}} | changed
    return appeal(**changed).model_dump(by_alias=True, exclude_unset=True, mode="json")


def campaign(flow: object) -> dict[str, Any]:
    return {"name": "Spring", "type": "voice", "config": {"ivrFlow": flow}}


@pytest.mark.parametrize("name", ["flow.yaml", "flow.json"])
@pytest.mark.parametrize("within", [False, True])
def test_a_good_flow_is_good_alone_and_in_its_campaign(
    outdial: Outdial, tmp_path: Path, name: str, within: bool
) -> None:
    flow = silent_appeal()
    file = written(tmp_path, campaign(flow) if within else flow, name)
    code, out, err = outdial("ivr", "check", file)
    assert (code, err) == (0, "")
    assert f"{file}: the flow can be spoken." in out


def test_every_fault_is_named_by_its_node_and_the_exit_says_so(outdial: Outdial, tmp_path: Path) -> None:
    flow = silent_appeal(thanks={"nextNodeId": "nowhere"}, removed={"audioUrl": "storage:removed.wav"})
    file = written(tmp_path, flow)
    code, out, _ = outdial("ivr", "check", file, "--json")
    answer = json.loads(out)
    assert code == 1
    assert answer["valid"] is False
    assert answer["problems"] == [
        'node "thanks": nextNodeId is "nowhere", which is no node; add that node or change the id',
        (
            'node "removed": audioUrl: storage:removed.wav is not there; put it at '
            f"{tmp_path.as_uri()}/audio/removed.wav"
        ),
    ]
    code, _, err = outdial("ivr", "check", file)
    assert code == 1
    assert [line.startswith("outdial: node ") for line in err.splitlines()] == [True, True]


def test_what_is_wrong_about_answering_machines_is_said_with_the_flow(
    outdial: Outdial, tmp_path: Path
) -> None:
    file = campaign(silent_appeal())
    amd = {"machine": "leave_message", "messageUrl": "storage:machine.wav", "totalAnalysisMs": 3000}
    file["config"]["amd"] = amd
    code, out, _ = outdial("ivr", "check", written(tmp_path, file), "--json")
    answer = json.loads(out)
    assert (code, len(answer["problems"])) == (1, 1)
    assert answer["problems"][0].startswith("amd.messageUrl: storage:machine.wav is not there; put it at ")
    assert any(remark.startswith("amd.totalAnalysisMs: ") for remark in answer["remarks"])
    amd["hangUp"] = True
    code, _, err = outdial("ivr", "check", written(tmp_path, file))
    assert (code, err.splitlines()) == (
        1,
        ["outdial: amd.hangUp: Extra inputs are not permitted (given: 'True')"],
    )


def test_offline_nothing_is_asked_for(outdial: Outdial, tmp_path: Path) -> None:
    flow = silent_appeal(
        welcome={"audioUrl": "http://127.0.0.1:1/a.wav"}, removed={"audioUrl": "storage:removed.wav"}
    )
    file = written(tmp_path, flow)
    assert outdial("ivr", "check", file, "--offline")[0] == 0
    problems = json.loads(outdial("ivr", "check", file, "--json")[1])["problems"]
    assert [problem.split(":")[0] for problem in problems] == ['node "welcome"', 'node "removed"']


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        (
            {**APPEAL, "nodes": [{**APPEAL["nodes"][0], "tries": 99}]},
            'node "welcome": tries: Input should be',
        ),
        ({**APPEAL, "nodes": [{**APPEAL["nodes"][0], "nextNode": "x"}]}, 'node "welcome": nextNode: Extra'),
        ({"nodes": [{"type": "menu"}], "startNodeId": "a"}, "nodes.0.id: Field required"),
        ({"nodes": [], "startNodeId": "a"}, "nodes: Tuple should have at least 1 item"),
        ({"name": "Spring"}, "there is no flow: give nodes and startNodeId"),
        ([1, 2], "there is no flow"),
    ],
)
def test_a_field_that_does_not_read_is_named_by_its_node(
    outdial: Outdial, tmp_path: Path, flow: object, said: str
) -> None:
    code, out, _ = outdial("ivr", "check", written(tmp_path, flow), "--json")
    assert code == 1
    assert json.loads(out)["problems"][0].startswith(said)


def test_a_campaign_with_a_bare_message_has_the_flow_that_plays_it(outdial: Outdial, tmp_path: Path) -> None:
    file = written(tmp_path, {"config": {"audioFileUrl": "sound:appeal"}})
    assert outdial("ivr", "check", file)[0] == 0
    code, out, _ = outdial("ivr", "try", file, "--json", typed="9\n")
    assert (code, json.loads(out)["opted_out"]) == (0, True)


def test_a_flow_is_drawn_beside_its_file_or_where_asked(outdial: Outdial, tmp_path: Path) -> None:
    file = written(tmp_path, campaign(silent_appeal()))
    code, out, _ = outdial("ivr", "draw", file)
    assert (code, out) == (0, f"Drawn: {tmp_path / 'flow.svg'}\n")
    drawn = (tmp_path / "flow.svg").read_text("utf-8")
    assert ET.fromstring(drawn).tag.endswith("svg")
    assert outdial("ivr", "draw", file, "--output", "-")[1] == drawn
    code, _, err = outdial("ivr", "draw", file, "--output", tmp_path / "gone" / "x.svg")
    assert code == 1
    assert err.startswith(f"outdial: {tmp_path}/gone/x.svg cannot be written: No such file")


def tried(outdial: Outdial, file: Path, typed: str, *options: str) -> dict[str, Any]:
    code, out, _ = outdial("ivr", "try", file, "--json", *options, typed=typed)
    assert code == 0
    return json.loads(out)


def test_a_flow_is_walked_line_by_line_as_the_dialer_would(outdial: Outdial, tmp_path: Path) -> None:
    walk = tried(outdial, written(tmp_path, silent_appeal()), "\n8\n2\n250#\n")
    assert walk["path"] == [
        "welcome",
        "choose",
        "choose=8",
        "choose=2",
        "amount",
        "amount=250",
        "give",
        "thanks",
    ]
    assert (walk["end"], walk["converted"], walk["opted_out"]) == ("finished", True, False)
    assert [effect["action"] for effect in walk["effects"]] == ["trigger_donation"]
    assert walk["entered"]["amount"] == "250"


@pytest.mark.parametrize(
    ("typed", "end", "last"),
    [
        ("", "finished", "goodbye"),
        ("9\n", "opted_out", "welcome=9"),
        ("\n3\ny\n", "transferred", "choose=3"),
        ("\n3\nn\n", "finished", "goodbye"),
        ("\nhangup\n", "hung_up", "choose"),
    ],
)
def test_a_walk_ends_as_it_would(outdial: Outdial, tmp_path: Path, typed: str, end: str, last: str) -> None:
    walk = tried(outdial, written(tmp_path, silent_appeal()), typed)
    assert (walk["end"], walk["path"][-1]) == (end, last)


def test_branches_follow_what_is_known(outdial: Outdial, tmp_path: Path) -> None:
    cases = [{"field": "language", "equals": "he", "nextNodeId": "thanks"}]
    flow = silent_appeal(welcome={"audioUrl": None, "type": "branch", "cases": cases})
    file = written(tmp_path, flow)
    assert tried(outdial, file, "", "--with", "language=he")["path"] == ["welcome", "thanks"]
    assert tried(outdial, file, "", "--with", "language=en")["path"][1] == "choose"
    code, _, err = outdial("ivr", "try", file, "--with", "language")
    assert code == 1
    assert "--with 'language' is no FIELD=VALUE" in err


def test_texts_are_tried_by_the_voice_and_shown_as_they_would_be_said(
    outdial: Outdial, tmp_path: Path
) -> None:
    flow = silent_appeal(
        welcome={"audioUrl": None, "text": "Hello {{name|friend}}."},
        thanks={"text": "!?x", "voice": {"language": "en-US", "name": "gmw/nobody"}},
        goodbye={"text": "{{code}} {{"},
    )
    file = written(tmp_path, flow)
    problems = json.loads(outdial("ivr", "check", file, "--json")[1])["problems"]
    assert problems == [
        (
            'node "goodbye": text has a {{ or }} without its other half; write {{firstName}}, or '
            "{{firstName|friend}}"
        ),
        'node "thanks": text cannot be said: there is no local voice gmw/nobody; leave out its name',
    ]
    assert len(json.loads(outdial("ivr", "check", file, "--json", "--offline")[1])["problems"]) == 1
    assert not (tmp_path / "speech").exists()
    _, out, _ = outdial("ivr", "try", file, "--with", "name=Dana", typed="9\n")
    assert "“Hello Dana.” (en-US)" in out
    _, out, _ = outdial("ivr", "try", file, typed="9\n")
    assert "“Hello friend.” (en-US)" in out


def test_a_text_is_said_into_a_file(outdial: Outdial, tmp_path: Path) -> None:
    wav = tmp_path / "hello.wav"
    code, out, _ = outdial(
        "speak", "Hello {{name}}, how are you?", "--with", "name=Dana", "-o", wav, "--json"
    )
    answer = json.loads(out)
    assert (code, answer["engine"]) == (0, "local")
    assert sound_problem(wav.name, wav.read_bytes()) is None
    assert answer["seconds"] == pytest.approx(wav.stat().st_size / 16000, abs=0.1)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["שלום", "--voice", "he"], "the text cannot be said: the local voice reads Hebrew"),
        (["שלום"], "the text has Hebrew letters, and its voice speaks en-US"),
        (["Hello", "--voice", "english please"], "voice: language: write a language as en-US, fr or he"),
        (["Hello", "--engine", "gramophone"], "voice: engine: Input should be 'local' or 'polly'"),
        (
            ["Hello {{name}}"],
            "the text names a field that is not given; add --with FIELD=VALUE, or a default",
        ),
        (["Hello {{name"], "the text has a {{ or }} without its other half"),
        (["Hello", "--with", "name"], "--with 'name' is no FIELD=VALUE"),
    ],
)
def test_what_cannot_be_said_is_told_in_a_line(
    outdial: Outdial, tmp_path: Path, args: list[str], said: str
) -> None:
    code, _, err = outdial("speak", *args, "-o", tmp_path / "x.wav")
    assert code == 1
    assert err.startswith(f"outdial: {said}")
    assert not (tmp_path / "x.wav").exists()


def test_in_a_terminal_keys_are_taken_as_they_are_pressed(tmp_path: Path) -> None:
    file = written(tmp_path, silent_appeal())
    program = "from outdial.cli.main import main; main()"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", program, "ivr", "try", str(file)])
    shown = _until(terminal, "welcome", "> ")
    os.write(terminal, b"1\n")
    shown += _until(terminal, "choose", "> ")
    os.write(terminal, b"2")
    shown += _until(terminal, "amount", "> ")
    os.write(terminal, b"25#")
    shown += _until(terminal, "thanks", "> ")
    os.write(terminal, b"h")
    shown += _until(terminal, "hung up")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(terminal)
    assert "would count a donation" in shown


def _until(terminal: int, *words: str, within_s: float = 20) -> str:
    """What the terminal shows until these words have come, in order."""
    shown, give_up_at = "", time.monotonic() + within_s
    while True:
        at = 0
        for word in words:
            at = shown.find(word, at) + len(word) if word in shown[at:] else -1
            if at < 0:
                break
        if at >= 0:
            return shown
        assert select.select([terminal], [], [], give_up_at - time.monotonic())[0], shown
        shown += os.read(terminal, 4096).decode("utf-8", "replace")
