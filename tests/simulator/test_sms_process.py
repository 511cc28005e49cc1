"""`outdial simulator` with its doors for texts open, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.simulator.texter import Texter

COMMAND = str(Path(sys.executable).with_name("outdial"))
SETTINGS = {
    "OUTDIAL_HOME": "/nonexistent",
    "SMPP_SYSTEM_ID": "ours",
    "SMPP_PASSWORD": "s3cret",
    "SMS_HTTP_KEY": "k3y",
    "SMS_HTTP_SECRET": "h1dden",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def started(*options, **settings):
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "simulator", "--ami-port", "0", "--json", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=SETTINGS | settings,
    )
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    return process, json.loads(line)


async def stopped(process) -> str:
    _, stderr = await asyncio.wait_for(process.communicate(), 10)
    assert b"Traceback" not in stderr
    return stderr.decode()


async def test_without_ports_it_carries_no_texts() -> None:
    process, ports = await started()
    assert (ports["smpp_port"], ports["sms_http_port"]) == (0, 0)
    process.terminate()
    await stopped(process)
    assert process.returncode == 0


async def test_it_knows_the_accounts_of_our_settings_and_a_kill_loses_no_text_that_was_answered(
    tmp_path,
) -> None:
    smpp, http, ledger = free_port(), free_port(), tmp_path / "ledger.jsonl"
    settings = {"SIMULATOR_SMPP_PORT": str(smpp), "SIMULATOR_SMS_HTTP_PORT": str(http)}
    process, ports = await started("--ledger", str(ledger), **settings)
    assert (ports["smpp_port"], ports["sms_http_port"]) == (smpp, http)
    reader, writer = await asyncio.open_connection("127.0.0.1", smpp)
    texter = Texter(reader, writer)
    assert await texter.bind("ours", "s3cret") == 0
    ids = [(await texter.answer(sequence))[1] for sequence in [texter.submit() for _ in range(20)]]
    body = {"api_key": "k3y", "api_secret": "h1dden", "from": "ACME", "to": "15551230002", "text": "Hello"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{http}/sms/json", data=body) as answer,
    ):
        ids.append((await answer.json())["messages"][0]["message-id"])
    process.kill()
    await stopped(process)
    writer.close()
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [line["message_ids"] for line in lines if line["event"] == "text"] == [[found] for found in ids]


@pytest.mark.parametrize("option", ["--smpp-port", "--sms-http-port"])
async def test_a_port_in_use_is_told_in_one_sentence(option) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(COMMAND, "simulator", "--ami-port", "0", option, str(port)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=SETTINGS,
        )
        told = await stopped(process)
    assert process.returncode == 1
    assert str(port) in told
