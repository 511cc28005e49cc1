"""What dispatch and dialers may rely on, against a real SQS endpoint."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from outdial.domain.dial_task import DialTask
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.messaging.aws_clients import AwsClient
from outdial.messaging.queue_address import QueueAddress
from outdial.messaging.task_queue import Depth, Received, TaskQueue, open_task_queue
from outdial.standalone.ports import choose_ports


def _task(**metadata: str) -> DialTask:
    return DialTask(
        contact_id=uuid4(),
        campaign_id=uuid4(),
        phone_number="+3726000000",
        metadata=metadata,
        attempts=0,
        timestamp=datetime(2026, 6, 15, 12, tzinfo=UTC),
        claim_id=uuid4(),
    )


async def _receive_all(queue: TaskQueue) -> list[Received]:
    received: list[Received] = []
    while batch := await queue.receive(10, wait_s=0):
        received += batch
    return received


async def test_every_accepted_claim_is_received_once_and_whole(queue: TaskQueue) -> None:
    tasks = [_task(name=f"Ülo {n}\ufffe\x01") for n in range(37)]
    assert await queue.send(tasks) == {task.claim_id for task in tasks}
    received = await _receive_all(queue)
    bodies = [DialTask.model_validate_json(message.body) for message in received]
    assert sorted(bodies, key=lambda task: task.claim_id) == sorted(tasks, key=lambda task: task.claim_id)
    assert {message.receive_count for message in received} == {1}


async def test_sending_nothing_asks_nothing(queue: TaskQueue) -> None:
    assert await queue.send([]) == set()
    assert await queue.depth() == Depth(waiting=0, in_flight=0)


async def test_one_refused_task_does_not_take_its_batch_with_it(
    queue: TaskQueue, address: QueueAddress, sqs: AwsClient
) -> None:
    await sqs.set_queue_attributes(QueueUrl=address.queue_url, Attributes={"MaximumMessageSize": "1024"})
    small = [_task() for _ in range(9)]
    large = _task(notes="x" * 2000)
    assert await queue.send([*small[:4], large, *small[4:]]) == {task.claim_id for task in small}
    assert (await queue.depth()).waiting == 9


async def test_large_tasks_go_in_several_requests(queue: TaskQueue) -> None:
    tasks = [_task(notes="ö" * 60_000) for _ in range(10)]
    assert len(await queue.send(tasks)) == 10
    received = await _receive_all(queue)
    assert {DialTask.model_validate_json(message.body).metadata["notes"] for message in received} == {
        "ö" * 60_000
    }


async def test_metadata_beyond_a_message_stays_behind_and_the_task_is_sent(queue: TaskQueue) -> None:
    task = _task(notes="ö" * 140_000)
    assert await queue.send([task]) == {task.claim_id}
    [received] = await queue.receive(10, wait_s=1)
    assert DialTask.model_validate_json(received.body) == task.model_copy(update={"metadata": {}})


async def test_a_message_not_deleted_comes_again_after_its_visibility_timeout(queue: TaskQueue) -> None:
    await queue.send([_task()])
    [first] = await queue.receive(1, wait_s=1)
    assert await queue.receive(1, wait_s=0) == []
    [again] = await queue.receive(1, wait_s=5)
    assert (again.message_id, again.receive_count) == (first.message_id, 2)


async def test_deleted_messages_never_come_again(queue: TaskQueue) -> None:
    await queue.send([_task() for _ in range(25)])
    received = await _receive_all(queue)
    assert len(received) == 25
    await queue.delete([message.receipt for message in received])
    assert await queue.depth() == Depth(waiting=0, in_flight=0)


async def test_deferring_decides_when_a_message_comes_again(queue: TaskQueue) -> None:
    await queue.send([_task(), _task()])
    sooner, later = await queue.receive(2, wait_s=1)
    assert await queue.defer(later.receipt, delay_s=600)
    assert await queue.defer(sooner.receipt, delay_s=0)
    assert [message.message_id for message in await queue.receive(2, wait_s=0)] == [sooner.message_id]
    await asyncio.sleep(1.1)  # the queue's own visibility timeout, which the deferral overrides
    assert later.message_id not in [message.message_id for message in await queue.receive(2, wait_s=0)]


async def test_deferring_a_deleted_message_says_that_it_is_gone(queue: TaskQueue) -> None:
    await queue.send([_task()])
    [received] = await queue.receive(1, wait_s=1)
    await queue.delete([received.receipt])
    assert await queue.defer(received.receipt, delay_s=5) is False


@pytest.mark.parametrize(
    ("reason", "readable"),
    [
        ("claim id is missing: field required", "claim id is missing: field required"),
        ("two\nlines\x00", "two lines"),
        ("", "no reason given"),
    ],
)
async def test_a_buried_message_is_whole_in_the_dead_letter_queue_with_its_reason(
    queue: TaskQueue, address: QueueAddress, sqs: AwsClient, reason: str, readable: str
) -> None:
    await sqs.send_message(QueueUrl=address.queue_url, MessageBody="{not a task")
    [received] = await queue.receive(1, wait_s=1)
    await queue.bury(received, reason)
    dead = await sqs.receive_message(QueueUrl=address.dlq_url, MessageAttributeNames=["All"])
    [letter] = dead["Messages"]
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == "{not a task"
    assert attributes == {"reason": readable, "messageId": received.message_id, "receiveCount": "1"}
    assert await queue.depth() == Depth(waiting=0, in_flight=0)


async def test_an_endpoint_that_is_not_there_is_unavailable_and_soon(address: QueueAddress) -> None:
    port = choose_ports(("nobody",), wished={})["nobody"]
    nowhere = dataclasses.replace(address, endpoint_url=f"http://127.0.0.1:{port}")
    started = time.monotonic()
    async with open_task_queue(nowhere) as queue:
        with pytest.raises(Unavailable, match="SQS cannot be reached"):
            await queue.send([_task() for _ in range(500)])
        with pytest.raises(Unavailable):
            await queue.receive(10, wait_s=0)
    assert time.monotonic() - started < 10


async def test_an_endpoint_that_never_answers_is_unavailable_within_the_timeout(
    address: QueueAddress,
) -> None:
    async def stay_silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _reader.read()
        writer.close()

    async with await asyncio.start_server(stay_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        silent = dataclasses.replace(address, endpoint_url=f"http://127.0.0.1:{port}")
        started = time.monotonic()
        async with open_task_queue(silent) as queue:
            with pytest.raises(Unavailable, match="did not answer within 5 s"):
                await queue.send([_task() for _ in range(200)])
        assert time.monotonic() - started < 8


async def test_a_queue_that_does_not_exist_is_named_by_the_error(address: QueueAddress) -> None:
    elsewhere = dataclasses.replace(address, queue_url=f"{address.queue_url}-gone")
    async with open_task_queue(elsewhere) as queue:
        with pytest.raises(Unavailable, match=r"NonExistentQueue.*does not exist"):
            await queue.send([_task()])


async def test_an_address_that_is_not_set_is_named(address: QueueAddress) -> None:
    with pytest.raises(InvalidInput, match="DIAL_TASKS_DLQ_URL is not set"):
        async with open_task_queue(dataclasses.replace(address, dlq_url="")):
            pass
