"""What a person who started the stack needs to know: where it is, how to get in, what to try next."""

from __future__ import annotations

import json

from outdial.standalone.airflow import ADMIN
from outdial.standalone.home import Home, remembered_secrets


def welcome_facts(home: Home) -> dict[str, str]:
    """Addresses and folders of the running stack in `home`, by name."""
    ports = json.loads((home.path / "ports.json").read_text())
    return {
        "airflow": f"http://127.0.0.1:{ports['airflow']}",
        "user": ADMIN,
        "password": remembered_secrets(home).airflow_admin,
        "logs": str(home.logs),
        "data": str(home.path),
        "environment": str(home.environment),
    }


def welcome(home: Home) -> str:
    """The same as text, with what to try next."""
    facts = welcome_facts(home)
    return f"""
  Airflow   {facts["airflow"]}
            user {facts["user"]}, password {facts["password"]}
  Logs      {facts["logs"]}
  Data      {facts["data"]}

Try next:
  outdial doctor                                 is everything well?
  outdial campaign create FILE                   a campaign, from YAML or JSON
  outdial contacts import FILE --campaign ID     its people, from CSV or XLSX
  outdial standalone stop                        stop; the data stays
"""
