"""What is wrong with an IVR flow, all of it at once: for campaign validation, before anybody is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from outdial.domain.ivr.audio import AUDIO_FORM, extension, is_playable, named_audio
from outdial.domain.ivr.flow import OPT_OUT_KEY, IvrFlow, IvrNode
from outdial.domain.ivr.node_checks import node_problems
from outdial.domain.ivr.routes import reachable, silent_loops, silently_reached, unheard_ends
from outdial.domain.ivr.speech import text_problem, written_texts


def flow_problems(flow: IvrFlow) -> list[str]:
    """One sentence for each problem, naming its node; empty for a flow that can be spoken."""
    problems = list(_shape_problems(flow))
    for node in flow.nodes:
        problems += [f'node "{node.id}": {problem}' for problem in node_problems(flow, node)]
    return [*problems, *_route_problems(flow)]


def flow_remarks(flow: IvrFlow) -> list[str]:
    """What may well be a mistake but can be meant, naming its node."""
    remarks = [f'node "{node.id}": {remark}' for node in flow.nodes for remark in _node_remarks(node)]
    remarks += [
        f"{one.place} {one.audio} is MP3, which Asterisk plays only with format_mp3: better give WAV"
        for one in named_audio(flow)
        if extension(one.audio.partition("?")[0]) == "mp3"
    ]
    if not _confirms_everywhere(flow):
        remarks.append(
            "nobody is told that their opt-out has worked, after every prompt: "
            "give optOutText or optOutAudioUrl"
        )
    return remarks


def _shape_problems(flow: IvrFlow) -> Iterator[str]:
    for node_id, times in Counter(node.id for node in flow.nodes).items():
        if times > 1:
            yield f'node "{node_id}": {times} nodes have this id; give each its own'
    if flow.find(flow.start_node_id) is None:
        yield f'startNodeId is "{flow.start_node_id}", which is no node; name the node that comes first'
    for field, audio in (
        ("optOutAudioUrl", flow.opt_out_audio_url),
        ("invalidAudioUrl", flow.invalid_audio_url),
        ("timeoutAudioUrl", flow.timeout_audio_url),
    ):
        if audio is not None and not is_playable(audio):
            yield f"{field} {AUDIO_FORM}"
    for written in written_texts(flow):
        if problem := text_problem(written):
            yield f"{written.place} {problem}"


def _route_problems(flow: IvrFlow) -> Iterator[str]:
    if flow.find(flow.start_node_id) is not None:
        found = reachable(flow)
        for node in flow.nodes:
            if node.id not in found:
                yield f'node "{node.id}": no way leads here from "{flow.start_node_id}"; link it or remove it'
    for loop in silent_loops(flow):
        way = " → ".join(f'"{node_id}"' for node_id in loop)
        yield f'node "{loop[0]}": {way} goes round for ever without a key; let silence end the call'
    for node in unheard_ends(flow):
        yield f'node "{node.id}": a call can end here before anybody could press 9; put a prompt before it'
    for node in silently_reached(flow):
        if node.own_action and node.own_action.type == "trigger_donation":
            yield f'node "{node.id}": counts a donation though nobody pressed a key; put a key before it'


def _node_remarks(node: IvrNode) -> Iterator[str]:
    takes_any_digit = node.type == "capture_input" and node.max_digits == 1 and not node.valid_inputs
    if takes_any_digit:
        yield "takes any one digit, but 9 opts out: list validInputs, and ask for none above 8"
    if node.type == "menu" and node.valid_inputs:
        for key in node.actions:
            if key not in {OPT_OUT_KEY, *node.valid_inputs}:
                yield f"key {key} does nothing, as validInputs leaves it out"


def _confirms_everywhere(flow: IvrFlow) -> bool:
    heard = [node for node in flow.nodes if node.asks or node.type == "play_audio"]
    told = flow.opt_out_audio_url or flow.opt_out_text
    return told is not None or all(_confirms(node) for node in heard)


def _confirms(node: IvrNode) -> bool:
    written = node.actions.get(OPT_OUT_KEY)
    return written is not None and written.target("nextNodeId") is not None
