"""The environment that the parts of the stack are started with."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# Whatever these configure is some other deployment: a region, an executor, a carrier that real texts go to.
_FOREIGN = ("AIRFLOW_", "AWS_", "PG", "SMS_", "SMPP_", "LINKS_")
# Without compiled bytecode every Airflow process compiles a thousand modules at each start.
_SLOWING = ("PYTHONDONTWRITEBYTECODE",)


def child_environment(inherited: Mapping[str, str], **variables: str) -> dict[str, str]:
    """`inherited` without what points elsewhere, then `variables`; our own programs first on the path."""
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith(_FOREIGN) and name not in _SLOWING
    }
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, inherited.get("PATH", os.defpath)])
    # Everything the parts say to each other stays on this machine.
    loopback = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    return kept | loopback | {"PATH": path} | variables
