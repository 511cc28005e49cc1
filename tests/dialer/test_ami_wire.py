"""One manager connection, byte by byte."""

from __future__ import annotations

import asyncio

from outdial.dialer.ami_wire import AmiMessage, AmiWire


async def test_characters_cut_in_two_by_the_network_arrive_whole():
    events: list[AmiMessage] = []
    message = "Asterisk Call Manager/11.0.0\r\n\r\nEvent: UserEvent\r\nName: Привет мир\r\n\r\n".encode()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in message:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: AmiWire(events.append), "127.0.0.1", port)
        await asyncio.wait_for(wire.lost.wait(), 5)
    assert [event["Name"] for event in events] == ["Привет мир"]


async def test_a_message_without_an_end_closes_the_connection():
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"Event: " + b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: AmiWire(lambda _: None), "127.0.0.1", port)
        await asyncio.wait_for(wire.lost.wait(), 5)


async def test_a_mistake_in_handling_one_event_does_not_cost_the_connection():
    seen: list[str] = []

    def on_event(event: AmiMessage) -> None:
        seen.append(event["Event"])
        raise ValueError("a bug")

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Event: One\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"Event: Two\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: AmiWire(on_event), "127.0.0.1", port)
        await asyncio.wait_for(wire.lost.wait(), 5)
    assert seen == ["One", "Two"]
