"""Imports, listings, window changes, pauses, redeliveries and kills in any order keep every rule."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.rules.depth import TIMEOUT_S, tried
from tests.rules.life import CampaignLife, Stage

pytestmark = pytest.mark.timeout(TIMEOUT_S)


def test_whatever_happens_in_a_campaigns_life_every_rule_holds(rules_stage: Stage):
    run_state_machine_as_test(lambda: CampaignLife(rules_stage), settings=tried(50, steps=40))
