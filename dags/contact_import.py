"""Airflow reads this: the DAG that imports a list of contacts, and the one that follows queries."""

from __future__ import annotations

from outdial.workflow.contact_dags import build_contact_import, build_contact_sync

contact_import = build_contact_import()
contact_sync = build_contact_sync()
