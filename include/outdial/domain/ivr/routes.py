"""Where an IVR flow can lead: by any key, and by silence alone. Used by the checks and drawings of a flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outdial.domain.ivr.flow import IvrFlow, IvrNode, after_action


@dataclass(frozen=True, slots=True)
class Route:
    """A node id as it is written, and where in the node it stands."""

    place: str
    target: str


def routes(node: IvrNode) -> Iterator[Route]:
    """Every node id written in `node`."""
    if node.next_node_id is not None:
        yield Route("nextNodeId", node.next_node_id)
    if node.no_input_node_id is not None:
        yield Route("noInputNodeId", node.no_input_node_id)
    for place, case in enumerate(node.cases):
        yield Route(f"cases.{place}.nextNodeId", case.next_node_id)
    for key, action in node.actions.items():
        for name in ("nodeId", "nextNodeId"):
            target = action.target(name)
            if target is not None:
                yield Route(f"actions.{key}.parameters.{name}", target)


def reachable(flow: IvrFlow) -> set[str]:
    """Ids of the nodes that some walk can visit."""
    seen: set[str] = set()
    ahead = [flow.start_node_id]
    while ahead:
        node = flow.find(ahead.pop())
        if node is not None and node.id not in seen:
            seen.add(node.id)
            ahead += [route.target for route in routes(node)]
    return seen


def silent_nexts(node: IvrNode) -> list[str]:
    """The nodes that may follow when nobody presses anything; none where the call ends."""
    action = node.own_action
    if node.asks:
        following = [node.after_silence]
    elif action is not None:
        ends = action.type in {"end_call", "add_to_blacklist"}
        following = [] if ends else [after_action(node, action)]
    else:
        following = [*(case.next_node_id for case in node.cases), node.next_node_id]
    return list(dict.fromkeys(node_id for node_id in following if node_id is not None))


def silently_reached(flow: IvrFlow) -> list[IvrNode]:
    """The nodes that a call can come to without a key, nearest first."""
    return [node for node_id in _ways_from(flow, flow.start_node_id) if (node := flow.find(node_id))]


def silent_loops(flow: IvrFlow) -> list[list[str]]:
    """Each way round that needs no key, once, as ids that begin and end with the same node."""
    loops: dict[frozenset[str], list[str]] = {}
    for node in flow.nodes:
        for last, way in _ways_from(flow, node.id).items():
            found = flow.find(last)
            if found is not None and node.id in silent_nexts(found):
                loops.setdefault(frozenset(way), [*way, node.id])
                break
    return list(loops.values())


def unheard_ends(flow: IvrFlow) -> list[IvrNode]:
    """The nodes at which a call can end, or leave us, before anybody could have pressed a key."""
    ends: list[IvrNode] = []
    seen: set[str] = set()
    ahead = [flow.start_node_id]
    while ahead:
        node = flow.find(ahead.pop(0))
        if node is None or node.id in seen or _listens(node):
            continue
        seen.add(node.id)
        ahead += silent_nexts(node)
        if _can_end(node):
            ends.append(node)
    return ends


def _ways_from(flow: IvrFlow, start_id: str) -> dict[str, list[str]]:
    """For each node that silence leads to from `start_id`, itself among them, the shortest way there."""
    ways = {start_id: [start_id]}
    ahead = [start_id]
    while ahead:
        node = flow.find(came := ahead.pop(0))
        for node_id in silent_nexts(node) if node else ():
            if node_id not in ways:
                ways[node_id] = [*ways[came], node_id]
                ahead.append(node_id)
    return ways


def _listens(node: IvrNode) -> bool:
    own = node.own_action
    return node.asks or node.type == "play_audio" or (own is not None and own.type == "record_message")


def _can_end(node: IvrNode) -> bool:
    action = node.own_action
    if action is None:
        return node.next_node_id is None
    return action.type in {"end_call", "transfer_agent"} or after_action(node, action) is None
