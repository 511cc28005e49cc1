"""`outdial campaign preview` of texts: their parts and why, what they cost, who gets none, how long it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from outdial.campaigns.preview import texts as preview_texts
from outdial.cli.main import run
from outdial.domain.channels import LineType
from outdial.domain.sms.link_codes import CODE_LENGTH
from outdial.storage.carriers import note_carrier
from outdial.storage.contacts import NewContact, insert_contacts
from outdial.storage.pool import Pool
from tests import given
from tests.cli.conftest import Arrange, Command

NINE_IN_NEW_YORK = datetime(2026, 6, 15, 13, tzinfo=UTC)
AT = NINE_IN_NEW_YORK.isoformat()
NEW_YORK = ("America/New_York",)
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff " * 6
STOP = {"stopWording": ""}


def contact(n: int, line: LineType = LineType.UNKNOWN, **metadata: Any) -> NewContact:
    """A contact of whom this is known."""
    return NewContact(given.phones(n + 1)[n], NEW_YORK, metadata, line_type=line)


def write(
    arrange: Arrange,
    some: list[NewContact],
    template: str,
    parts_per_second: float | None = 2,
    **changes: Any,
) -> None:
    """A campaign that texts these people; without a pace no gateway has opened its carrier."""

    async def work(pool: Pool) -> None:
        wished = {"type": "sms", "smsTemplate": template, "sms": STOP} | changes
        campaign = await given.a_campaign(pool, NINE_IN_NEW_YORK, **wished)
        async with pool.connection() as conn, conn.transaction():
            await insert_contacts(conn, campaign, some, NINE_IN_NEW_YORK)
            if parts_per_second is not None:
                await note_carrier(conn, "smpp", parts_per_second, 0, NINE_IN_NEW_YORK)

    arrange(work)


def preview_of(outdial: Command) -> Any:
    """The preview, as programs read it."""
    code, preview, said = outdial("campaign", "preview", "spring_appeal", "--at", AT)
    assert code == 0, said
    assert preview["now"] + preview["later"] + preview["never"] == preview["total"]
    return preview


def warnings_of(preview: Any) -> dict[str, str]:
    return {warning["about"]: warning["text"] for warning in preview["warnings"]}


def test_parts_and_cost_are_those_of_the_texts_that_will_be_sent(outdial: Command, arrange: Arrange) -> None:
    """Two short ones, one long one and one in Hebrew: 1 + 1 + 2 + 2 parts, at the carrier's 2 a second."""
    some = [
        contact(0, name="Ada"),
        contact(1, name="Bo"),
        contact(2, name=LONG_NAME),
        contact(3, name="נועם"),
    ]
    terms = {**STOP, "pricePerPart": "0.0075", "currency": "USD"}
    write(
        arrange,
        some,
        "Hello {{name}}, the appeal begins tomorrow. Thank you all! Reply STOP to end.",
        sms=terms,
    )

    preview = preview_of(outdial)
    texts = preview["texts"]

    assert [(one["reason"], one["text"], one["contacts"]) for one in preview["outlooks"]] == [
        ("can_be_texted", "can be texted", 4)
    ]
    assert texts["parts"] == {"least": 1, "typical": 1, "most": 2, "mean": 1.5}
    assert (texts["sampled"], texts["isExact"], texts["ucs2Share"]) == (4, True, 0.25)
    assert (texts["totalParts"], texts["cost"], texts["currency"]) == (6, "0.0450", "USD")
    assert {one["name"] for one in texts["forcedBy"]} >= {"U+05E0 HEBREW LETTER NUN"}
    assert not any(one["inTemplate"] for one in texts["forcedBy"])
    assert texts["pace"]["endsAt"] == "2026-06-15T13:00:03Z"
    assert (preview["duration"]["contacts"], preview["warnings"]) == (0, [])


def test_links_count_as_long_as_they_will_be(
    outdial: Command, arrange: Arrange, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, fit = "https://l.example.org", 160 - len("https://l.example.org/") - CODE_LENGTH
    write(arrange, [contact(0)], "x" * (fit - 1) + " https://example.org/" + "y" * 100)

    assert preview_of(outdial)["texts"]["parts"]["most"] == 2
    monkeypatch.setenv("LINKS_BASE_URL", base)
    monkeypatch.setenv("LINKS_SECRET", "a secret of sixteen or more")
    assert preview_of(outdial)["texts"]["parts"]["most"] == 1


def test_the_longest_text_is_found_however_long_the_list(
    outdial: Command, arrange: Arrange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_texts, "SAMPLED", 5)
    some = [contact(n, name="Ada") for n in range(60)]
    some += [contact(60, name=LONG_NAME), contact(61, name="ב" * 150)]
    write(arrange, some, "Hello {{name}}")

    texts = preview_of(outdial)["texts"]

    assert (texts["sampled"], texts["isExact"]) == (5, False)
    assert texts["parts"]["most"] == 3
    assert texts["parts"]["typical"] == 1
    assert texts["contacts"] == 62


def test_whoever_lacks_a_field_is_counted_and_gets_no_part(outdial: Command, arrange: Arrange) -> None:
    some = [
        contact(0, name="Ada", amount=25),
        contact(1, name="Bo"),
        contact(2, name=" ", amount=5),
        contact(3, amount=True),
    ]
    write(arrange, some, "{{name}}, {{amount}} {{city|here}}")

    preview = preview_of(outdial)

    assert preview["texts"]["lacking"] == {"amount": 2, "name": 2}
    assert (preview["texts"]["lackingAny"], preview["texts"]["totalParts"]) == (3, 1)
    assert {
        "about": "texts",
        "text": '2 contacts without "amount": they get no text, as the template names it without a default.',
        "action": "import the field, or write {{amount|what is written instead}}",
    } in preview["warnings"]


@pytest.mark.parametrize(
    ("fallback", "called", "unreachable"), [("none", 0, 2), ("landline", 2, 0)], ids=["none", "landline"]
)
def test_landlines_are_called_instead_or_not_reached(
    outdial: Command, arrange: Arrange, fallback: str, called: int, unreachable: int
) -> None:
    some = [contact(n, LineType.LANDLINE) for n in range(2)] + [contact(2)]
    write(arrange, some, "Hello", fallback=fallback)

    preview = preview_of(outdial)

    found = preview["texts"]
    assert (found["contacts"], found["landlinesCalled"], found["landlinesUnreachable"]) == (
        1,
        called,
        unreachable,
    )
    assert preview["duration"]["contacts"] == called
    assert ("landlines" in warnings_of(preview)) is bool(unreachable)
    assert ("dialers" in warnings_of(preview)) is bool(called)


def test_a_campaign_that_ends_too_soon_for_its_carrier_is_warned_of(
    outdial: Command, arrange: Arrange
) -> None:
    write(
        arrange,
        [contact(n) for n in range(10)],
        "Hello",
        parts_per_second=0.1,
        endTime="2026-06-15T13:01:00Z",
    )

    preview = preview_of(outdial)

    assert (preview["texts"]["pace"]["left"], preview["texts"]["pace"]["endsAt"]) == (4, None)
    assert warnings_of(preview)["end"].endswith("4 do not fit in.")


def test_a_carrier_that_no_gateway_has_opened_is_warned_of(outdial: Command, arrange: Arrange) -> None:
    write(arrange, [contact(0)], "Hello", None, sms={**STOP, "carrier": "http"})

    preview = preview_of(outdial)

    assert warnings_of(preview)["gateway"] == (
        "No gateway has ever opened the carrier http: nobody would be texted."
    )
    assert preview["texts"]["pace"] | {"before": None} == {
        "carrier": "http",
        "opened": False,
        "partsPerSecond": 1,
        "endsAt": "2026-06-15T13:00:01Z",
        "left": 0,
        "before": None,
    }


def test_texts_that_follow_calls_are_at_most_so_many(outdial: Command, arrange: Arrange) -> None:
    some = [contact(0), contact(1, LineType.LANDLINE), contact(2)]
    write(arrange, some, "Hello " * 30, type="voice", fallback="unreached")

    preview = preview_of(outdial)

    assert (preview["texts"]["contacts"], preview["texts"]["afterCalls"]) == (2, True)
    assert preview["texts"]["totalParts"] == 4
    assert preview["duration"]["contacts"] == 3


def test_a_number_texted_as_often_as_it_may_be_waits(outdial: Command, arrange: Arrange) -> None:
    """A text is a disturbance as a call is, but one the carrier refused is none."""
    write(arrange, [contact(0), contact(1)], "Hello", numberCaps={"per24Hours": 1, "per7Days": 7})

    async def text(pool: Pool) -> None:
        async with pool.connection() as conn:
            for number, state in zip(given.phones(2), ("sent", "refused"), strict=True):
                await conn.execute(
                    """
                    insert into sms_records (request_id, origin, contact_id, campaign_id, phone, sender,
                                             carrier, body, encoding, parts, gateway_id, begun_at, state)
                    select gen_random_uuid(), 'campaign', id, campaign_id, phone, 'Us', 'smpp', 'Hello',
                           'GSM-7', 1, gen_random_uuid(), %s, %s from contacts where phone = %s
                    """,
                    [NINE_IN_NEW_YORK, state, number],
                )

    arrange(text)

    found = {one["reason"]: (one["contacts"], one["firstAt"]) for one in preview_of(outdial)["outlooks"]}
    assert found == {"can_be_texted": (1, None), "capped": (1, "2026-06-16T13:00:00Z")}


def test_a_manager_reads_texts_within_a_terminal(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    some = [contact(0, name="Ada"), contact(1, name="נועם"), contact(2)]
    write(arrange, some, "Hello {{name}}", sms={**STOP, "pricePerPart": "0.01", "currency": "USD"})

    assert run(["campaign", "preview", "spring_appeal", "--at", AT]) == 0

    said = capfd.readouterr().out
    assert "3 contacts are to be texted, 1 of whom lack a field and get none." in said
    assert "Each text has 1 part" in said
    assert "0.02 USD at 0.01 USD each" in said
    assert "Everybody is texted by" in said
    assert "call" not in said
    assert max(map(len, said.splitlines())) <= 100
