"""The column of numbers is found by what its heading and its cells say."""

from __future__ import annotations

import pytest

from outdial.campaigns.lists.contact_columns import ColumnHints, Columns, find_columns
from outdial.campaigns.lists.record import Record
from outdial.domain.errors import InvalidInput


def columns_of(*rows: str, **hints: object) -> Columns:
    records = [Record(n, tuple(row.split(";"))) for n, row in enumerate(rows, 1)]
    return find_columns(records, ColumnHints(**hints))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        "Phone",
        "phone_number",
        "phoneNumber",
        " Mobile No. ",
        "TEL",
        "Cell",
        "Telefonnummer",
        "טלפון נייד",
        "هاتف",
        "MSISDN",
    ],
)
def test_headings_in_many_words_mean_the_number(header: str) -> None:
    assert columns_of(f"Member no;{header};Note", "1000001;n/a;x").phone == 1


def test_cells_tell_where_headings_do_not() -> None:
    assert (
        columns_of("id;who;reach at", "20240115;Ann;(212) 555-0143", "20240116;Bob;212-555-0144").phone == 2
    )


def test_of_two_headings_the_one_with_numbers_wins() -> None:
    rows = ("Phone type;Home phone;Mobile", "mobile;;+12125550143", "landline;;+12125550144")
    assert columns_of(*rows).phone == 2


def test_a_date_is_no_number() -> None:
    with pytest.raises(InvalidInput, match=r"no column of telephone numbers.*Born, City"):
        columns_of("Born;City", "1980-10-15;Bonn", "15.10.1980;Ulm", default_region="DE")


def test_a_list_without_a_header_loses_no_row() -> None:
    columns = columns_of("Ann;+12125550143", "Bob;+12125550144")
    assert (columns.has_header, columns.phone, columns.names) == (False, 1, ("column 1", "column 2"))


@pytest.mark.parametrize("header", ["timezone", "time_zone", "Time zone", "TZ", "Zone", "contact timeZone"])
def test_the_zone_column_is_found(header: str) -> None:
    assert columns_of(f"phone;{header}", "+12125550143;America/New_York").zone == 1


def test_a_zone_of_delivery_is_no_time_zone() -> None:
    assert columns_of("phone;Zone", "+12125550143;North", "+12125550144;South").zone is None


def test_a_mapping_names_columns_and_renames_others() -> None:
    mapping = {"phone": "second", "timezone": "WHERE", "firstName": "a"}
    columns = columns_of("Phone;a;where;Second", "+12125550143;x;y;z", mapping=mapping)
    assert (columns.phone, columns.zone) == (3, 2)
    assert columns.names == ("Phone", "firstName", "where", "Second")


def test_a_mapping_to_a_column_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(InvalidInput, match="'mobil'; the columns are Phone, Name"):
        columns_of("Phone;Name", "+12125550143;x", mapping={"phone": "mobil"})


def test_headings_given_twice_or_not_at_all_stay_apart() -> None:
    assert columns_of("phone;note;note;", "+12125550143;a;b;c").names == (
        "phone",
        "note",
        "note (3)",
        "column 4",
    )
