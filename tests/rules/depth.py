"""How hard the rules are tried: the same examples on every run, or many new ones.

`HYPOTHESIS_PROFILE=deep make test` (or pytest on one room) tries twenty times as many, other ones each time;
`--hypothesis-seed=N` repeats a deep run.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
DEEPER = int(os.environ.get("HYPOTHESIS_DEPTH", "20"))
TIMEOUT_S = 7200 if DEEP else 240

# Fixtures of the session's servers are shared by all examples, which clean up behind themselves.
_EVERYWHERE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def tried(examples: int, steps: int = 50) -> settings:
    """Settings for a property: `examples` of them, or in a deep run many times as many."""
    return settings(
        max_examples=examples * (DEEPER if DEEP else 1),
        stateful_step_count=steps,
        derandomize=not DEEP,
        deadline=None,
        # Explaining a failure runs hundreds of examples more, each with its rows.
        phases=[phase for phase in Phase if phase is not Phase.explain],
        print_blob=True,
        suppress_health_check=_EVERYWHERE,
    )
