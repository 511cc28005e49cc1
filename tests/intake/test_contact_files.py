"""Files as people have them: any delimiter, encoding and kind give the same rows."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from outdial.campaigns.lists.contact_records import ContactFile, open_records
from outdial.domain.errors import InvalidInput

TABLE = [("Name", "Phone", "City"), ("José Núñez", "+12125550143", "New York"), ("Zoë", "+442079460123", "")]


def cells_of(path: Path, encoding: str | None = None) -> list[tuple[str, ...]]:
    with open_records(ContactFile(path, encoding)) as records:
        return [record.cells for record in records.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_make_no_difference(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text("\r\n".join(delimiter.join(row) for row in TABLE), encoding=encoding)
    assert cells_of(path) == TABLE


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1255", "נועה לבנון ואיתי שדות"), ("cp1251", "Иван Петрович Сидоров")]
)
def test_words_of_other_scripts_are_read_in_the_encoding_that_is_named(
    tmp_path: Path, encoding: str, name: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"Name,Phone\n{name},+12125550143\n", encoding=encoding)
    assert cells_of(path, encoding)[1][0] == name


def test_an_accent_far_into_a_large_file_still_tells_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"Name,Phone\n" + b"Ann,+12125550143\n" * 100_000 + "Zoë,1\n".encode("cp1252"))
    assert cells_of(path)[-1][0] == "Zoë"


def test_commas_in_prices_do_not_hide_the_semicolon(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Name;Phone;Gift\nAnn;+12125550143;10,50\nBob;+12125550144;7,25\n")
    assert cells_of(path)[1] == ("Ann", "+12125550143", "10,50")


def test_blank_lines_are_no_rows_but_count_in_the_numbering(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('Phone,Note\n\n1,"two\nlines"\n , \n2,\n')
    with open_records(ContactFile(path)) as records:
        assert [(record.number, record.cells[0]) for record in records.rows] == [
            (1, "Phone"),
            (3, "1"),
            (5, "2"),
        ]


def test_a_spreadsheet_gives_numbers_in_digits_and_dates_as_dates(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Phone", "Gift", "Member", "Since"])
    sheet.append([55501234567.0, 10.5, True, date(2024, 2, 29)])
    sheet.append([])
    sheet.append([972501234567, None, None])
    book.save(path)
    assert cells_of(path) == [
        ("Phone", "Gift", "Member", "Since"),
        ("55501234567", "10.5", "yes", "2024-02-29"),
        ("972501234567",),
    ]


def test_a_spreadsheet_that_understates_its_size_is_read_whole(tmp_path: Path) -> None:
    honest, wrong = io.BytesIO(), tmp_path / "list.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in TABLE:
        sheet.append(row)
    book.save(honest)
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(wrong, "w") as target:
        for name in source.namelist():
            target.writestr(
                name, source.read(name).replace(b'<dimension ref="A1:C3"', b'<dimension ref="A1"')
            )
    assert [row[1] for row in cells_of(wrong)] == [row[1] for row in TABLE]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 and then nothing", "is not an XLSX file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old or locked Excel file"),
        (bytes(range(256)) * 20, "is no text"),
        (b'Phone,Note\n1,"never closed\n' + b"2,\n" * 200, "row 2: a quote is opened"),
        (b'Phone,Note\n1,"' + b"x" * 200_000 + b'"\n', "row 2: field larger"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=complaint):
        cells_of(path)


def test_an_encoding_that_does_not_exist_or_does_not_fit_is_said(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Name,Phone\nZoë,1\n", encoding="cp1252")
    with pytest.raises(InvalidInput, match="no encoding"):
        cells_of(path, "klingon")
    with pytest.raises(InvalidInput, match="not all utf-8 text"):
        cells_of(path, "utf-8")


def test_a_number_is_read_whatever_its_cell_is_formatted_as(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    formats = ["yyyy-mm-dd", "[h]:mm:ss", "0.00E+00", "0%", "#,##0.00 $", "000-000-0000", "h:mm"]
    for place, number_format in enumerate(formats, 1):
        for row, number in enumerate((12025550123, 502345678), 1):
            sheet.cell(row, place, number).number_format = number_format
    book.save(path)
    assert cells_of(path) == [("12025550123",) * len(formats), ("502345678",) * len(formats)]


def test_a_formula_that_was_never_calculated_is_kept_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Phone", "Name"])
    sheet.append(['="0502345678"', "נועה"])
    book.save(path)
    assert cells_of(path)[1] == ('="0502345678"', "נועה")


def test_the_first_sheet_that_shows_is_read_and_the_others_are_mentioned(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    book = openpyxl.Workbook()
    for title, state in (("Notes", "hidden"), ("People", "visible"), ("Old", "visible")):
        sheet = book.create_sheet(title)
        sheet.append([title])
        sheet.sheet_state = state
    del book["Sheet"]
    book.active = 1
    book.save(path)
    with open_records(ContactFile(path)) as records:
        assert [record.cells for record in records.rows] == [("People",)]
        assert records.doubt == "only the first sheet, 'People', was read; the workbook has 2"
