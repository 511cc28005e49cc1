"""The step that hands out dial tasks: a deferrable operator whose whole loop runs inside its trigger."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, Context

from outdial.workflow.run_context import param_of, run_id_of


class DispatchOperator(BaseOperator):
    """Returns `{contactCount, batchesPushed, campaignId, campaignName, needsMoreContacts}` of a campaign that
    calls, `{campaignId, totalContacts, sentCount, skippedCount, failedCount, errors}` of one that only sends
    texts, and both together of one that does both.
    """

    ui_color = "#cfe8d5"

    def __init__(self, *, campaign_id: str, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """`campaign_id` is the campaign's UUID as text."""
        super().__init__(**kwargs)
        self.campaign_id = campaign_id

    def execute(self, context: Context) -> None:
        """Hand over to the trigger."""
        from outdial.workflow.dispatch_trigger import DispatchTrigger  # noqa: PLC0415 - parsing needs no SQS

        self.defer(
            trigger=DispatchTrigger(
                dag_id=self.dag_id,
                run_id=run_id_of(context),
                campaign_id=self.campaign_id,
                batch_size=param_of(context, "batch_size"),
                contact_limit=param_of(context, "contact_limit"),
            ),
            method_name="finish",
        )

    def finish(self, _context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """The trigger's event is the result."""
        self.log.info("Dispatched: %s", event)
        return event
