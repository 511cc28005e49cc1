"""The IVR flow of a campaign, which may have written only a message."""

from __future__ import annotations

from outdial.domain.campaign import CampaignConfig
from outdial.domain.ivr.flow import KEYS, OPT_OUT_KEY, IvrAction, IvrFlow, IvrNode
from outdial.domain.voices import Voice


def flow_of(config: CampaignConfig) -> IvrFlow | None:
    """The campaign's flow, with its voice; for a bare `audioFileUrl` one that plays it; None where nothing is
    to be said.
    """
    if config.ivr_flow is None:
        return message_flow(config.audio_file_url) if config.audio_file_url else None
    return with_voice(config.ivr_flow, config.voice)


def with_voice(flow: IvrFlow, voice: Voice | None) -> IvrFlow:
    """The flow in the campaign's `voice`, where it has none of its own."""
    return flow if voice is None or flow.voice is not None else flow.model_copy(update={"voice": voice})


def message_flow(audio_url: str) -> IvrFlow:
    """Play a message and listen: 9 opts out, any other key plays it again, silence ends the call."""
    again = IvrAction(type="goto", parameters={"nodeId": "message"})
    actions = {key: again for key in KEYS if key != OPT_OUT_KEY}
    actions[OPT_OUT_KEY] = IvrAction(type="add_to_blacklist")
    node = IvrNode(id="message", type="menu", audio_url=audio_url, actions=actions, tries=1)
    return IvrFlow(nodes=(node,), start_node_id=node.id)
