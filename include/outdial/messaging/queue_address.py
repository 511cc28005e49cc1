"""Where a queue of tasks is; known without the client that speaks with it."""

from __future__ import annotations

from dataclasses import dataclass

VISIBILITY_TIMEOUT_S = 30


@dataclass(frozen=True)
class QueueAddress:
    """Where tasks and their dead letters go; `endpoint_url` None is AWS itself.

    With `topic_arn`, tasks are published to the topic that feeds the queue.
    """

    queue_url: str
    dlq_url: str
    region: str
    endpoint_url: str | None = None
    visibility_timeout_s: int = VISIBILITY_TIMEOUT_S
    topic_arn: str = ""
    setting: str = "DIAL_TASKS"
