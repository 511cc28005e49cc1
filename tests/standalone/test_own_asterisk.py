"""Real telephones ring only where somebody asked for it."""

from __future__ import annotations

import pytest

from outdial.domain.errors import InvalidInput
from outdial.standalone.home import make_home
from outdial.standalone.stack import addresses_of, choose_telephony, plan_stack

REAL = {"AMI_HOST": "pbx.example.org", "AMI_SECRET": "of theirs", "AMI_USER": "outbound", "AGI_PORT": "4600"}


def test_without_the_option_no_variable_leads_to_a_real_asterisk(tmp_path):
    left_set = REAL | {"OUTDIAL_OWN_ASTERISK": "yes"}
    stack = plan_stack(make_home(tmp_path / "home"), choose_telephony(left_set, own_asterisk=False))
    addresses = addresses_of(stack)
    assert stack.own_asterisk == {}
    assert addresses["AMI_HOST"] == "127.0.0.1"
    assert addresses["AMI_SECRET"] == stack.secrets.ami
    assert int(addresses["AMI_PORT"]) == stack.ports["ami"]


def test_with_the_option_calls_go_through_the_asterisk_that_is_named(tmp_path):
    stack = plan_stack(make_home(tmp_path / "home"), choose_telephony(REAL, own_asterisk=True))
    addresses = addresses_of(stack)
    assert REAL.items() <= addresses.items()
    assert (addresses["AMI_PORT"], addresses["SIMULATOR_CONTROL_PORT"]) == ("5038", "0")


@pytest.mark.parametrize("missing", ["AMI_HOST", "AMI_SECRET"])
def test_an_asterisk_that_cannot_be_found_or_entered_is_asked_for_by_name(missing):
    known = {name: value for name, value in REAL.items() if name != missing}
    with pytest.raises(InvalidInput, match=f"{missing} not set: where is your Asterisk"):
        choose_telephony(known, own_asterisk=True)
