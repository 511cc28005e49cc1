"""Airflow reads this: one DAG for each campaign, from the specs that the bundle rendered."""

from __future__ import annotations

from airflow.sdk import get_parsing_context

from outdial.workflow.campaign_dag import build_campaign_dags
from outdial.workflow.campaign_spec import specs_folder

globals().update(build_campaign_dags(specs_folder(), get_parsing_context().dag_id))
