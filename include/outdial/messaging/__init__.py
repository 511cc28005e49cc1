"""SQS dial tasks and dead letters, SNS topics."""

from __future__ import annotations
