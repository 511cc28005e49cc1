"""The step that waits for the last calls and ends the run; a sensor that always defers."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseSensorOperator, Context

from outdial.campaigns.lifecycle import finish_run_if_done
from outdial.domain.clock import utc_now
from outdial.workflow.campaign_trigger import CampaignTrigger
from outdial.workflow.run_context import param_of, run_id_of
from outdial.workflow.services import Services


class MonitorTrigger(CampaignTrigger):
    """Waits for the run's last call, then ends the run; at the campaign's end time at the latest."""

    async def turn(self, services: Services) -> dict[str, Any] | None:
        """End the run if it is done; the event says how the campaign stands then."""
        run = self.run_key
        status = await finish_run_if_done(services.pool, run.campaign_id, run.run_id, utc_now())
        if status is not None:
            return {"status": status}
        # A last attempt that did not count (congestion, a trunk down) gives its contact back after all.
        await self.tick(services)
        return None


class CampaignFinishedSensor(BaseSensorOperator):
    """Returns `{status}`: the campaign's status after the run."""

    ui_color = "#d6e4f2"

    def __init__(self, *, campaign_id: str, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """`campaign_id` is the campaign's UUID as text."""
        super().__init__(**kwargs)
        self.campaign_id = campaign_id

    def execute(self, context: Context) -> None:
        """Hand over to the trigger, without a time limit: a paused campaign may wait for weeks."""
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
