"""What is listed for good, in Redis: a fast "listed", never a "not listed".

PostgreSQL alone decides. An entry that is missing here is found there before a call begins; one that is
stale here is mended when PostgreSQL says so. So Redis may be empty, behind or gone: no listing waits for
it and no call is permitted by it. Entries that end are not kept here.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from outdial.storage.blacklist import Scope, prefixes_of

TIMEOUT_S = 0.5
ASK_AGAIN_AFTER_S = 2.0
"""A Redis that answers nothing must not cost every batch of a long import its timeout."""

COMPLETE_FOR_S = 24 * 3600
"""The mark of a complete cache ends by itself: what was missed while Redis was away is then read anew."""

# One hash tag, so that a cluster keeps them on one node, where one pipeline can ask them all.
_PREFIX = "{blacklist}:"
_MARK = f"{_PREFIX}complete"


@dataclass(frozen=True)
class Entry:
    """One number or prefix on one list."""

    number: str
    scope: Scope
    is_prefix: bool = False

    def speaks_of(self, number: str) -> bool:
        """Whether it lists `number`."""
        return number.startswith(self.number) if self.is_prefix else number == self.number


class ListedCache:
    """The sets in Redis. Without a Redis it holds nothing and says nothing."""

    def __init__(self, redis: Redis | None, on_silence: Callable[[str], None] = lambda _reason: None) -> None:
        """Use `open_cache`, or NO_CACHE. `on_silence` is told, once each time, why Redis does not answer."""
        self._redis = redis
        self._on_silence = on_silence
        self._is_silent = False
        self._ask_again_at = float("-inf")

    async def add(self, entries: Iterable[Entry]) -> None:
        """Note what is committed."""
        await self._change("SADD", entries)

    async def remove(self, entries: Iterable[Entry]) -> None:
        """Forget entries: before an unlisting is committed, or when PostgreSQL says they are gone."""
        await self._change("SREM", entries)

    async def find(self, numbers: Collection[str], scopes: Sequence[Scope]) -> dict[str, list[Entry]]:
        """Those of `numbers` that stand on one of the lists, with the entries that say so."""
        if self._redis is None or not numbers:
            return {}
        prefixes = {prefix for number in numbers for prefix in prefixes_of(number)}
        asked = [
            [Entry(text, scope, is_prefix=is_prefix) for text in texts]
            for scope in scopes
            for is_prefix, texts in ((False, numbers), (True, prefixes))
        ]
        pipeline = self._redis.pipeline(transaction=False)
        for group in asked:
            pipeline.smismember(_key(group[0]), [entry.number for entry in group])
        answers: list[list[int]] = await self._attempt(pipeline.execute) or []
        listed = [
            entry
            for group, flags in zip(asked, answers, strict=False)
            for entry, flag in zip(group, flags, strict=True)
            if flag
        ]
        found = {number: [entry for entry in listed if entry.speaks_of(number)] for number in numbers}
        return {number: entries for number, entries in found.items() if entries}

    async def is_complete(self) -> bool:
        """Whether a whole copy was put here not long ago; True where nobody answers who could take one."""
        if self._redis is None:
            return True
        answer = await self._attempt(partial(self._redis.exists, _MARK))
        return answer is None or bool(answer)

    async def mark_complete(self) -> None:
        """The whole list has been added."""
        if self._redis is not None:
            await self._attempt(partial(self._redis.set, _MARK, "1", ex=COMPLETE_FOR_S))

    async def _change(self, command: str, entries: Iterable[Entry]) -> None:
        members: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            members[_key(entry)].append(entry.number)
        if self._redis is None or not members:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for key, numbers in members.items():
            pipeline.execute_command(command, key, *numbers)
        await self._attempt(pipeline.execute)

    async def _attempt(self, ask: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever Redis answers
        """Redis's answer; None where there is none in time, and for a while after that."""
        now = asyncio.get_running_loop().time()
        if now < self._ask_again_at:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await ask()
        except (RedisError, OSError, TimeoutError) as error:
            if not self._is_silent:
                self._on_silence(str(error) or type(error).__name__)
            self._is_silent = True
            self._ask_again_at = now + ASK_AGAIN_AFTER_S
            return None
        self._is_silent = False
        return answer


NO_CACHE = ListedCache(None)


@asynccontextmanager
async def open_cache(
    redis_url: str, on_silence: Callable[[str], None] = lambda _reason: None
) -> AsyncGenerator[ListedCache]:
    """The cache, for the length of a block; opening it asks nothing of Redis."""
    async with Redis.from_url(
        redis_url,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    ) as redis:
        yield ListedCache(redis, on_silence)


def _key(entry: Entry) -> str:
    kind = "prefixes" if entry.is_prefix else "numbers"
    scope = entry.scope
    if scope.campaign_id is not None:
        return f"{_PREFIX}{kind}:campaign:{scope.campaign_id}"
    return f"{_PREFIX}{kind}:registry:{scope.registry}" if scope.registry else f"{_PREFIX}{kind}:everywhere"
