"""The audio of the flows in use, on its way from our storage to Asterisk: read once, handed out by address.

An address holds the content's own hash, so nobody can guess one, changed audio gets another, and Asterisk may
keep what it fetched for ever. Only what some flow has named or says is ever on the shelf.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from outdial.campaigns.stored_audio import read_stored_audio, version_of
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr.audio import SOUND_PREFIX, extension, stored_name

LOOK_AGAIN_S = 30.0
"""For so long a changed object may still be played as it was."""

MOST_BYTES = 256 << 20
DIGEST_CHARS = 32


@dataclass(frozen=True, slots=True)
class Shelved:
    """One object as it was read: `key` is its hash and extension, the last part of its address."""

    name: str
    version: str
    key: str
    content: bytes


class AudioShelf:
    """What the audio server serves. One for each dialer."""

    def __init__(self, storage_url: str, most_bytes: int = MOST_BYTES) -> None:
        """`storage_url` is where `audio/` is; at most `most_bytes` of it, and of speech, are in memory."""
        self.base_url = ""
        self._storage_url = storage_url
        self._most_bytes = most_bytes
        self._by_name: OrderedDict[str, Shelved] = OrderedDict()
        self._looked_at: dict[str, float] = {}
        self._names: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._spoken: OrderedDict[str, bytes] = OrderedDict()
        self._spoken_bytes = 0

    async def address_of(self, audio: str) -> str:
        """What Asterisk plays for `audio` as a flow names it.

        Raises InvalidInput or Unavailable where it is an object of our storage that cannot be had.
        """
        name = stored_name(audio)
        if name is None:
            return audio.removeprefix(SOUND_PREFIX)
        return self._address((await self._fresh(name)).key)

    def address_of_speech(self, wav: bytes) -> str:
        """What Asterisk plays for this speech. Raises InvalidInput where the audio server is not running."""
        key = f"{_digest(wav)}.wav"
        if key not in self._spoken:
            self._spoken_bytes += len(wav)
        self._spoken[key] = wav
        self._spoken.move_to_end(key)
        while len(self._spoken) > 1 and self._spoken_bytes > self._most_bytes:
            self._spoken_bytes -= len(self._spoken.popitem(last=False)[1])
        return self._address(key)

    async def find(self, key: str) -> Shelved | None:
        """The object of this address, if a flow has named or said it since this dialer began."""
        if (wav := self._spoken.get(key)) is not None:
            return Shelved(key, "", key, wav)
        name = self._names.get(key)
        if name is None:
            return None
        shelved = self._by_name.get(name) or await self._fresh(name)
        return shelved if shelved.key == key else None

    async def _fresh(self, name: str) -> Shelved:
        async with self._locks.setdefault(name, asyncio.Lock()):
            known = self._by_name.get(name)
            now = asyncio.get_running_loop().time()
            if known and now - self._looked_at[name] < LOOK_AGAIN_S:
                self._by_name.move_to_end(name)
                return known
            version = await asyncio.to_thread(version_of, self._storage_url, name)
            if known is None or known.version != version:
                known = await self._read(name, version)
            self._looked_at[name] = now
            self._put(known)
            return known

    async def _read(self, name: str, version: str) -> Shelved:
        content = await asyncio.to_thread(read_stored_audio, self._storage_url, name)
        return Shelved(name, version, f"{_digest(content)}.{extension(name)}", content)

    def _address(self, key: str) -> str:
        if not self.base_url:
            raise InvalidInput("audio cannot be served: the audio server is not running")
        return f"{self.base_url}/audio/{key}"

    def _put(self, shelved: Shelved) -> None:
        self._by_name[shelved.name] = shelved
        self._by_name.move_to_end(shelved.name)
        self._names[shelved.key] = shelved.name
        while len(self._by_name) > 1 and self.held_bytes > self._most_bytes:
            self._by_name.popitem(last=False)

    @property
    def held_bytes(self) -> int:
        """How much is in memory."""
        return sum(len(shelved.content) for shelved in self._by_name.values())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGEST_CHARS]
