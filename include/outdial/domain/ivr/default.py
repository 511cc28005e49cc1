"""The IVR flow of a campaign, which may have written only a message, or a text that is then said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outdial.domain.campaign import CampaignConfig
from outdial.domain.ivr.flow import KEYS, LONGEST_TEXT, OPT_OUT_KEY, IvrAction, IvrFlow, IvrNode
from outdial.domain.ivr.speech import written_texts
from outdial.domain.sms.settings import SmsSettings
from outdial.domain.sms.spoken import spoken_confirmation, spoken_template
from outdial.domain.sms.wording import language_of
from outdial.domain.voices import Voice

MESSAGE = "message"


def flow_of(config: CampaignConfig) -> IvrFlow | None:
    """The campaign's flow, with its voice; for a bare `audioFileUrl` one that plays it, for a bare
    `smsTemplate` one that says it; None where nothing is to be said.
    """
    if config.ivr_flow is not None:
        return with_voice(config.ivr_flow, config.voice)
    if config.audio_file_url:
        return message_flow(config.audio_file_url)
    return text_flow(config.sms_template, config.sms, config.voice) if config.sms_template else None


def says_its_text(config: CampaignConfig) -> bool:
    """Do the campaign's calls say what its texts do, for want of a flow and of audio?"""
    return config.ivr_flow is None and config.audio_file_url is None


def with_voice(flow: IvrFlow, voice: Voice | None) -> IvrFlow:
    """The flow in the campaign's `voice`, where it has none of its own."""
    return flow if voice is None or flow.voice is not None else flow.model_copy(update={"voice": voice})


def lacks_words(config: CampaignConfig, metadata: Mapping[str, Any]) -> bool:
    """Would a call be silent, as the contact lacks a field of the text that it says?"""
    flow = flow_of(config) if says_its_text(config) else None
    return flow is not None and any(text.said_to(metadata) is None for text in written_texts(flow))


def message_flow(audio_url: str) -> IvrFlow:
    """Play a message and listen: 9 opts out, any other key plays it again, silence ends the call."""
    return IvrFlow(
        nodes=(_heard(IvrNode(id=MESSAGE, type="menu", audio_url=audio_url)),), start_node_id=MESSAGE
    )


def text_flow(template: str, settings: SmsSettings, voice: Voice | None) -> IvrFlow | None:
    """Say a text and listen likewise, in a voice of the text's language where the campaign names none.

    None for a text that is too long for a call, or that has nothing to say.
    """
    said = spoken_template(template, settings)
    if not said or len(said) > LONGEST_TEXT:
        return None
    return IvrFlow(
        nodes=(_heard(IvrNode(id=MESSAGE, type="menu", text=said)),),
        start_node_id=MESSAGE,
        opt_out_text=spoken_confirmation(template),
        voice=voice or _voice_of(template),
    )


def _voice_of(template: str) -> Voice:
    usual, language = Voice(), language_of(template)
    return usual if usual.base_language == language else Voice(language=language)


def _heard(node: IvrNode) -> IvrNode:
    again = IvrAction(type="goto", parameters={"nodeId": node.id})
    actions = {key: again for key in KEYS if key != OPT_OUT_KEY}
    actions[OPT_OUT_KEY] = IvrAction(type="add_to_blacklist")
    return node.model_copy(update={"actions": actions, "tries": 1})
