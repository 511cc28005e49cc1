"""The environment that the parts of the stack are started with."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def child_environment(inherited: Mapping[str, str], **variables: str) -> dict[str, str]:
    """`inherited` and then `variables`, with this Python's own programs first on the path.

    Without compiled bytecode every Airflow process compiles a thousand modules at each start, so a
    PYTHONDONTWRITEBYTECODE that somebody left set is dropped.
    """
    environment = {name: value for name, value in inherited.items() if name != "PYTHONDONTWRITEBYTECODE"}
    programs = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([programs, inherited.get("PATH", os.defpath)])
    return environment | variables
