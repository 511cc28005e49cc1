"""SQS and SNS on loopback, from moto: run as `python -m outdial.standalone.aws_server PORT`.

Its queues live in memory: a start creates them again, and leases put back the claims that were in them.
"""

from __future__ import annotations

import logging
import sys

from moto.server import main


def serve() -> None:
    """Serve until terminated, without a log line for each request."""
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])


if __name__ == "__main__":
    serve()
