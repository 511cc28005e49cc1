"""Airflow reads this: the DAG that imports a suppression list or a registry's copy."""

from __future__ import annotations

from outdial.workflow.blacklist_dags import build_blacklist_refresh

blacklist_refresh = build_blacklist_refresh()
