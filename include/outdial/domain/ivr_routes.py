"""Where an IVR flow can lead: by any key, and by silence alone. Used by the checks of a flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outdial.domain.ivr_flow import IvrFlow, IvrNode, after_action


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


def silent_next(node: IvrNode) -> str | None:
    """The node that follows when nobody presses anything; None where the call ends."""
    if node.asks:
        return node.after_silence
    action = node.own_action
    if action is None:
        return node.next_node_id
    return None if action.type in {"end_call", "add_to_blacklist"} else after_action(node, action)


def silent_walk(flow: IvrFlow, start_id: str) -> list[str]:
    """Ids visited from `start_id` without a key; where the way comes round, the last stands there twice."""
    visited: list[str] = []
    node = flow.find(start_id)
    while node is not None:
        visited.append(node.id)
        if node.id in visited[:-1]:
            break
        following = silent_next(node)
        node = flow.find(following) if following is not None else None
    return visited


def silent_loops(flow: IvrFlow) -> list[list[str]]:
    """Each way round that needs no key, once, as ids that begin and end with the same node."""
    loops: dict[frozenset[str], list[str]] = {}
    for node in flow.nodes:
        visited = silent_walk(flow, node.id)
        if visited.count(visited[-1]) > 1:
            loop = visited[visited.index(visited[-1]) :]
            loops.setdefault(frozenset(loop), loop)
    return list(loops.values())
