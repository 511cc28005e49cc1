"""Where a number's owner may be, and what a list's state column means."""

from __future__ import annotations

import random
import re

import phonenumbers
import pytest
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE

from outdial.domain.regions import read_region, regions_of_number, us_state_names, us_states_by_area_code


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+13055550123", "US-FL"),
        ("+12125550123", "US-NY"),
        ("+17185550123", "US-NY"),
        ("+13105550123", "US-CA"),
        ("+12035550123", "US-CT"),
        ("+17135550123", "US-TX"),
        ("+12025550123", "US-DC"),
        ("+14015550123", "US-RI"),
        ("+16015550123", "US-MS"),
        ("+15045550123", "US-LA"),
        ("+12055550123", "US-AL"),
        ("+15025550123", "US-KY"),
        ("+14055550123", "US-OK"),
        ("+12065550123", "US-WA"),
        ("+14105550123", "US-MD"),
        ("+19075550123", "US-AK"),
        ("+18085550123", "US-HI"),
        ("+17875550123", "US-PR"),
        ("+13405550123", "US-VI"),
        ("+16715550123", "US-GU"),
        ("+16845550123", "US-AS"),
        ("+16705550123", "US-MP"),
        ("+14165550123", "CA"),
        ("+18765550123", "JM"),
        ("+18095550123", "DO"),
        ("+442079460123", "GB"),
        ("+447700900123", "GB"),
        ("+74951234567", "RU"),
        ("+77172123456", "KZ"),
        ("+390669812345", "VA"),
        ("+390612345678", "IT"),
        ("+97223456789", "IL"),
        ("+972521234567", "IL"),
        ("+97721234567", "NP"),
        ("+61891621234", "CC"),
    ],
)
def test_a_number_has_the_region_its_range_was_given_out_in(number: str, region: str) -> None:
    assert regions_of_number(number) == (region,)


@pytest.mark.parametrize(
    ("number", "island"),
    [("+447911123456", "GG"), ("+441481720123", "GG"), ("+441534720123", "JE"), ("+441624720123", "IM")],
)
def test_a_number_of_an_island_among_british_numbers_is_held_to_british_rules_too(
    number: str, island: str
) -> None:
    assert regions_of_number(number) == ("GB", island)


@pytest.mark.parametrize(
    "number", ["+18005550123", "+18335550123", "+19005550123", "+15005550123", "+12115550123", "+1999"]
)
def test_a_number_under_plus_1_of_no_known_area_is_held_to_federal_law(number: str) -> None:
    assert regions_of_number(number) == ("US",)


@pytest.mark.parametrize(
    "number", ["+881612345678", "+80012345678", "+999123456", "+", "", "0521234567", "x"]
)
def test_a_number_of_no_country_has_no_region(number: str) -> None:
    assert regions_of_number(number) == ()


def test_the_area_codes_are_those_of_the_geographic_data_we_depend_on() -> None:
    by_name = {name.upper(): code for code, name in us_state_names().items()}
    by_name |= {"WASHINGTON STATE": "WA", "WASHINGTON D.C.": "DC"}
    found: dict[str, str] = {}
    for prefix, names in GEOCODE_DATA.items():
        if not prefix.startswith("1") or "en" not in names:
            continue
        city = re.search(r", ([A-Z]{2})$", names["en"])
        state = by_name.get(names["en"].upper()) or (city and city[1])
        if state in us_state_names() and (len(prefix) == 4 or prefix[:4] not in GEOCODE_DATA):
            found[prefix[1:4]] = str(state)
    territories = {"AS", "GU", "MP", "PR", "VI"}
    ours = us_states_by_area_code()
    assert {area: state for area, state in ours.items() if state not in territories} == {
        area: state for area, state in found.items() if state not in territories
    }
    for area in (area for area, state in ours.items() if state in territories):
        assert phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{area}2345678")) == ours[area]


def test_a_prefix_tells_countries_that_share_a_code_apart_as_the_whole_number_does() -> None:
    chance = random.Random(20261122)
    tried = 0
    for code in (code for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() if 1 < len(regions) < 20):
        for _ in range(4000):
            digits = "".join(chance.choices("0123456789", k=chance.choice((8, 9, 10))))
            number = f"+{code}{digits}"
            whole = phonenumbers.region_code_for_number(phonenumbers.parse(number))
            if whole is not None:
                assert regions_of_number(number)[-1] == whole, number
                tried += 1
    assert tried > 1000


@pytest.mark.parametrize(
    ("written", "country", "region"),
    [
        ("FL", "US", "US-FL"),
        (" fl ", "US", "US-FL"),
        ("Florida", "US", "US-FL"),
        ("us-fl", "US", "US-FL"),
        ("US-FL", "US", "US-FL"),
        ("new  york", "US", "US-NY"),
        ("NEWYORK", "US", "US-NY"),
        ("Washington, D.C.", "US", "US-DC"),
        ("District of Columbia", "US", "US-DC"),
        ("Washington", "US", "US-WA"),
        ("Puerto Rico", "US", "US-PR"),
        ("U.S. Virgin Islands", "US", "US-VI"),
        ("IL", "US", "US-IL"),  # Illinois, not Israel
        ("IL", "IL", "IL"),
        ("US", "US", "US"),
        ("ca-on", "CA", "CA-ON"),
        ("GB-ENG", "GB", "GB-ENG"),
        ("US-FL", None, "US-FL"),
        ("IL-TA", None, "IL-TA"),
        ("FL", None, None),
        ("US-FL", "GB", None),
        ("US-ZZ", "US", None),
        ("US-ZZ", None, None),
        ("Atlantis", "US", None),
        ("", "US", None),
        ("", None, None),
        ("-", "US", None),
    ],
)
def test_what_a_list_writes_for_a_region(written: str, country: str | None, region: str | None) -> None:
    assert read_region(written, country) == region
