"""`outdial simulator` as a process: ports, signals, its ledger after a kill, one sentence for a mistake."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("outdial"))


async def start(*options, secret="s3cret"):
    return await asyncio.create_subprocess_exec(
        COMMAND,
        "simulator",
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"AMI_USER": "outdial", "AMI_SECRET": secret, "OUTDIAL_HOME": "/nonexistent"},
    )


async def started(*options):
    process = await start("--ami-port", "0", "--json", *options)
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    return process, json.loads(line)


async def log_in(port, user="outdial", secret="s3cret"):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\n\r\n".encode())
    text = (
        await asyncio.wait_for(reader.readuntil(b"Message: Authentication accepted\r\n\r\n"), 10)
    ).decode()
    assert "Response: Success" in text
    return reader, writer


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_at_once_with_live_calls_and_exit_0(signum) -> None:
    process, ports = await started()
    reader, writer = await log_in(ports["ami_port"])
    writer.write(
        b"Action: Originate\r\nChannel: PJSIP/1@trunk\r\nContext: campaign-ivr\r\nExten: s\r\nPriority: 1\r\n"
        b"Async: true\r\nChannelId: c1\r\n\r\n"
    )
    await asyncio.wait_for(reader.readuntil(b"Event: Newchannel"), 10)
    process.send_signal(signum)
    rest, _ = await asyncio.wait_for(asyncio.shield(finish(reader, process)), 10)
    # Asterisk hangs up its calls and tells their ends before it says that it goes.
    ends = [rest.index(b"Cause: 4\r\n"), rest.index(b"Event: Hangup"), rest.index(b"Shutdown: Cleanly")]
    assert ends == sorted(ends)
    assert process.returncode == 0
    writer.close()


async def finish(reader, process):
    rest = await reader.read()
    _, stderr = await process.communicate()
    assert b"Traceback" not in stderr
    return rest, stderr


async def test_a_kill_loses_no_line_of_the_ledger(tmp_path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    process, ports = await started("--ledger", str(ledger))
    reader, writer = await log_in(ports["ami_port"])
    for call in range(20):
        writer.write(
            b"Action: Originate\r\nChannel: PJSIP/%d@trunk\r\nContext: campaign-ivr\r\nExten: s\r\n"
            b"Priority: 1\r\nAsync: true\r\nChannelId: c%d\r\nActionID: %d\r\n\r\n" % (call, call, call)
        )
    await asyncio.wait_for(reader.readuntil(b"ActionID: 19\r\nMessage: Originate"), 10)
    process.kill()
    await process.communicate()
    writer.close()
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [line["channelId"] for line in lines if line["event"] == "originate"] == [
        f"c{n}" for n in range(20)
    ]


async def test_a_port_in_use_is_told_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await start("--ami-port", str(port))
        _, stderr = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert f"127.0.0.1:{port}" in stderr.decode()
    assert "Traceback" not in stderr.decode()


async def test_a_wrong_scenario_is_told_by_file_and_field(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("ring_s: [2, 1]\n")
    process = await start("--scenario", str(path))
    _, stderr = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert f"{path}: ring_s: must be one number or [least, most]" in stderr.decode()
    assert "Traceback" not in stderr.decode()
