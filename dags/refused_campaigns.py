"""Airflow reads this: an import error that names each campaign no DAG can be built from; else nothing."""

from __future__ import annotations

from outdial.workflow.campaign_dag import refuse_bad_specs
from outdial.workflow.campaign_spec import specs_folder

refuse_bad_specs(specs_folder())
