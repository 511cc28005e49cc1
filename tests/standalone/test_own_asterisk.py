"""Real telephones ring, and get texts, only where somebody asked for it."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from outdial.domain.errors import InvalidInput
from outdial.domain.sms.link_codes import secret_problem
from outdial.standalone.child_environment import child_environment
from outdial.standalone.home import make_home, remembered_secrets
from outdial.standalone.stack import addresses_of, choose_telephony, plan_stack

REAL = {"AMI_HOST": "pbx.example.org", "AMI_SECRET": "of theirs", "AMI_USER": "outbound", "AGI_PORT": "4600"}
TEXTS = ("smpp", "sms_http", "links")
REAL_CARRIER = {
    "SMS_CARRIERS": "http",
    "SMS_HTTP_URL": "https://sms.example.org/sms/json",
    "SMS_HTTP_KEY": "of theirs",
    "SMS_WEB_HOST": "0.0.0.0",
    "SMPP_HOST": "smpp.example.org",
    "SMPP_TLS": "true",
}


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


def test_without_the_option_no_variable_leads_to_a_real_carrier_of_texts(tmp_path):
    left_set = REAL_CARRIER | {"SMPP_PARTS_PER_SECOND": "50"}
    stack = plan_stack(make_home(tmp_path / "home"), choose_telephony(left_set, own_asterisk=False))
    addresses = addresses_of(stack)
    gateway = child_environment(left_set, **addresses)
    assert addresses["SMPP_HOST"] == "127.0.0.1"
    assert int(addresses["SMPP_PORT"]) == stack.ports["simulator_smpp"]
    assert addresses["SMS_HTTP_URL"].startswith("http://127.0.0.1:")
    assert addresses["SMPP_PARTS_PER_SECOND"] == "50"
    assert "SMPP_TLS" not in gateway
    assert "example.org" not in " ".join(gateway.values())


def test_with_the_option_texts_go_by_the_carriers_that_are_named(tmp_path):
    stack = plan_stack(make_home(tmp_path / "home"), choose_telephony(REAL | REAL_CARRIER, own_asterisk=True))
    addresses = addresses_of(stack)
    assert REAL_CARRIER.items() <= addresses.items()
    assert int(addresses["SMS_WEB_PORT"]) == stack.ports["sms_web"]
    assert addresses["LINKS_SECRET"] == stack.secrets.links
    assert "LINKS_BASE_URL" not in addresses


def test_with_the_option_and_no_carrier_no_text_is_sent(tmp_path):
    named_nobody = REAL | {"SMPP_HOST": "smpp.example.org"}
    stack = plan_stack(make_home(tmp_path / "home"), choose_telephony(named_nobody, own_asterisk=True))
    assert not [name for name in addresses_of(stack) if name.startswith(("SMS_", "SMPP_", "LINKS_"))]


def test_aws_is_refused_on_one_machine_before_anything_starts():
    with pytest.raises(InvalidInput, match="SMS_CARRIERS names aws"):
        choose_telephony(REAL | {"SMS_CARRIERS": "smpp, aws"}, own_asterisk=True)


def test_a_home_from_before_texts_is_given_the_secrets_it_lacks_and_keeps_its_own(tmp_path):
    home = make_home(tmp_path / "home")
    before = {name: value for name, value in asdict(remembered_secrets(home)).items() if name not in TEXTS}
    (home.path / "secrets.json").write_text(json.dumps(before), "utf-8")
    after = remembered_secrets(home)
    assert before.items() <= asdict(after).items()
    assert secret_problem(after.links.encode()) is None
    assert len(after.smpp) <= 8
    assert remembered_secrets(home) == after
