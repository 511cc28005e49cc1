"""The supervisor as a process of its own: `python -m outdial.standalone HOME`, started by `control`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from outdial.domain.clock import utc_now
from outdial.domain.errors import OutdialError
from outdial.settings import inherited_environment
from outdial.standalone.serve import run_until_signal, running_stack
from outdial.telemetry.logs import configure_logging, get_logger

_log = get_logger(__name__)


async def _serve(path: Path) -> int:
    async with running_stack(path, inherited_environment(), utc_now, _announce):
        _log.info("everything is ready")
        await asyncio.Event().wait()
    return 0


def _announce(part: str) -> None:
    _log.info("ready", part=part)


def _main() -> int:
    configure_logging("standalone")
    try:
        return run_until_signal(_serve(Path(sys.argv[1])))
    except KeyboardInterrupt:
        _log.info("stopped")
        return 0
    except OutdialError as error:
        _log.error("stopped", problem=str(error))
        return 1


if __name__ == "__main__":
    sys.exit(_main())
