"""A home for the Airflow that tests import: it reads its configuration, or writes one, when imported."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache


@cache
def use_own_airflow_home() -> None:
    """Called by conftests before their test modules are imported; the first call decides."""
    home = tempfile.mkdtemp(prefix="outdial-airflow-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": f"{home}/plugins",
    }
