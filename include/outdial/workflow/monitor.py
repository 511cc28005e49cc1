"""The step that waits for the last calls and ends the run; a sensor that always defers."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseSensorOperator, Context

from outdial.workflow.run_context import param_of, run_id_of


class CampaignFinishedSensor(BaseSensorOperator):
    """Returns `{status}`: the campaign's status after the run."""

    ui_color = "#d6e4f2"

    def __init__(self, *, campaign_id: str, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """`campaign_id` is the campaign's UUID as text."""
        super().__init__(**kwargs)
        self.campaign_id = campaign_id

    def execute(self, context: Context) -> None:
        """Hand over to the trigger, without a time limit: a paused campaign may wait for weeks."""
        from outdial.workflow.monitor_trigger import MonitorTrigger  # noqa: PLC0415 - parsing needs no SQS

        trigger = MonitorTrigger(
            dag_id=self.dag_id,
            run_id=run_id_of(context),
            campaign_id=self.campaign_id,
            batch_size=param_of(context, "batch_size"),
        )
        self.defer(trigger=trigger, method_name="finish")

    def finish(self, _context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """The trigger's event is the result."""
        self.log.info("The run is over: %s", event)
        return event
