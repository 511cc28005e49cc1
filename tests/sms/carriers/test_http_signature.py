"""The signature of webhooks: nothing that it covers can be changed unnoticed."""

from __future__ import annotations

import hashlib
import hmac

from hypothesis import assume, given, strategies as st

from outdial.sms.carriers.http_signature import SIGNATURE, is_signed, sign

SECRET = "the-account-s-signature-secret"
BLURRED = str.maketrans("&=", "__")

names = st.text(st.characters(exclude_characters="&=", exclude_categories=["Cs"]), min_size=1, max_size=12)
fields = st.dictionaries(names.filter(lambda name: name != SIGNATURE), st.text(max_size=20), max_size=8)


def signed(given_fields: dict[str, str], secret: str = SECRET) -> dict[str, str]:
    return given_fields | {SIGNATURE: sign(given_fields, secret)}


def test_it_is_made_as_vonage_documents_it() -> None:
    """Fields by name, each with an ampersand before it, "_" for "&" and "=" in values, hexadecimal HMAC."""
    webhook = {"to": "447700900001", "msisdn": "447700900000", "text": "a&b=c d", "timestamp": "1540467529"}
    written = "&msisdn=447700900000&text=a_b_c d&timestamp=1540467529&to=447700900001"
    expected = hmac.new(SECRET.encode(), written.encode(), hashlib.sha256).hexdigest()
    assert is_signed(webhook | {SIGNATURE: expected}, SECRET)
    assert is_signed(webhook | {SIGNATURE: expected.upper()}, SECRET)


@given(fields)
def test_what_is_signed_passes_and_with_another_secret_does_not(webhook: dict[str, str]) -> None:
    assert is_signed(signed(webhook), SECRET)
    assert not is_signed(signed(webhook, "another"), SECRET)
    assert not is_signed(webhook, SECRET)


@given(fields, st.data())
def test_any_field_changed_added_or_taken_away_is_noticed(
    webhook: dict[str, str], data: st.DataObject
) -> None:
    changed = signed(webhook)
    name = data.draw(st.sampled_from(sorted(changed)) | names)
    value = data.draw(st.none() | st.text(max_size=20))
    before = changed.get(name)
    if value is None:
        changed.pop(name, None)
    else:
        changed[name] = value
    same = before is not None and value is not None and value.translate(BLURRED) == before.translate(BLURRED)
    assume(name != SIGNATURE or (value or "").upper() != before)
    assert is_signed(changed, SECRET) == (same or (before is None and value is None))


@given(fields.filter(lambda webhook: len(webhook) > 1))
def test_no_field_swallows_its_neighbour(webhook: dict[str, str]) -> None:
    first, second, *others = sorted(webhook)
    swallowed = {f"{first}={webhook[first].translate(BLURRED)}&{second}": webhook[second]}
    rest = {name: webhook[name] for name in others}
    assert not is_signed(swallowed | rest | {SIGNATURE: sign(webhook, SECRET)}, SECRET)


@given(st.text(), fields)
def test_no_other_signature_passes(guess: str, webhook: dict[str, str]) -> None:
    assume(guess.upper() != sign(webhook, SECRET))
    assert not is_signed(webhook | {SIGNATURE: guess}, SECRET)
