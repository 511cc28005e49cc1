"""Text in any encoding: names come right, or the guess is told, or it is refused; never silently wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from outdial.campaigns.lists.contact_records import ContactFile, open_records
from outdial.domain.errors import InvalidInput

NAMES = {
    "es": ["José Núñez", "María Peña", "Íñigo López"],
    "de": ["Jürgen Müller", "Björn Groß", "Ännchen Köhler"],
    "fr": ["François Lefèvre", "Zoë Crête", "Éloïse Bâtard"],
    "pl": ["Łukasz Wójcik", "Żaneta Śląska", "Paweł Kowalski"],
    "cs": ["Jiří Dvořák", "Tomáš Němec", "Růžena Černá"],
    "tr": ["Ayşe Yılmaz", "Doğan Şahin", "İbrahim Çelik"],  # noqa: RUF001
    "ru": ["Иван Петрович", "Мария Сидорова", "Юлия Щербакова"],
    "el": ["Γιώργος Παπαδόπουλος", "Ελένη Νικολάου"],
    "he": ["נועה לבנון", "יוסי כהן", "משה ישראלי", "שרה אברהם"],  # noqa: RUF001
    "ar": ["محمد الأحمد", "فاطمة حسن", "عبد الله"],
    "th": ["สมชาย ใจดี", "วิภา"],
    "zh": ["王小明", "张伟", "刘洋", "陈静", "赵敏"],
    "tw": ["陳大文", "黃麗華", "林志偉"],
    "ja": ["山田太郎", "さとう ゆみ", "タナカ ケン"],
    "ko": ["김철수", "이영희", "박민수"],
}
TOLD = [
    *(("cp1252", "es"), ("cp1252", "de"), ("latin-1", "fr"), ("mac_roman", "de"), ("cp1250", "pl")),
    *(("cp1254", "tr"), ("cp1251", "ru"), ("koi8_r", "ru"), ("cp1253", "el"), ("cp1255", "he")),
    *(("cp1256", "ar"), ("gb18030", "zh"), ("shift_jis", "ja"), ("euc_kr", "ko")),
]
IN_USE = [
    *TOLD,
    *(("mac_roman", "es"), ("cp1250", "cs"), ("iso8859_2", "pl"), ("cp874", "th")),
    *(("big5", "tw"), ("cp850", "de"), ("euc_jp", "ja")),
]
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


def a_list(folder: Path, names: list[str], encoding: str) -> Path:
    path = folder / "list.csv"
    rows = "".join(f"{name},+1212555{n:04}\r\n" for n, name in enumerate(names))
    path.write_bytes(f"Name,Phone\r\n{rows}".encode(encoding))
    return path


def names_in(path: Path, encoding: str | None = None) -> tuple[list[str], str | None]:
    with open_records(ContactFile(path, encoding)) as records:
        rows = [record.cells for record in records.rows]
    assert rows[0] == ("Name", "Phone")
    return [row[0] for row in rows[1:]], records.doubt


@pytest.mark.parametrize("encoding", UNICODE)
@pytest.mark.parametrize("language", ["es", "he", "zh"])
def test_unicode_is_told_for_certain(tmp_path: Path, encoding: str, language: str) -> None:
    assert names_in(a_list(tmp_path, NAMES[language], encoding)) == (NAMES[language], None)


@pytest.mark.parametrize(("encoding", "language"), TOLD)
def test_an_older_encoding_is_guessed_right_and_told_to_be_a_guess(
    tmp_path: Path, encoding: str, language: str
) -> None:
    names, doubt = names_in(a_list(tmp_path, NAMES[language], encoding))
    assert names == NAMES[language]
    assert doubt is not None
    assert "guess" in doubt


@pytest.mark.parametrize(("encoding", "language"), IN_USE)
@pytest.mark.parametrize("change", [str, str.lower, str.upper, lambda name: name.split()[0]])
def test_few_or_odd_names_are_never_taken_without_a_word(
    tmp_path: Path, encoding: str, language: str, change: type[str]
) -> None:
    wanted = [change(name) for name in NAMES[language][:2]]
    if language == "tr":
        wanted = [name.replace("i̇", "i") for name in wanted]
    path = a_list(tmp_path, wanted, encoding)
    try:
        _, doubt = names_in(path)
    except InvalidInput as refused:
        flagged = str(refused)
    else:
        flagged = doubt or ""
    assert "--encoding" in flagged


@pytest.mark.parametrize(("encoding", "language"), IN_USE)
def test_a_named_encoding_decides(tmp_path: Path, encoding: str, language: str) -> None:
    path = a_list(tmp_path, NAMES[language], encoding)
    assert names_in(path, encoding) == (NAMES[language], None)


def test_what_two_scripts_read_as_words_is_refused(tmp_path: Path) -> None:
    path = a_list(tmp_path, ["山田太郎", "佐藤由美"], "euc_jp")
    with pytest.raises(InvalidInput, match="--encoding"):
        names_in(path)


def test_a_few_lines_that_are_not_utf8_are_pointed_at(tmp_path: Path) -> None:
    path = a_list(tmp_path, NAMES["es"], "utf-8")
    path.write_bytes(path.read_bytes() + "Zoë Müller,+12125550199\r\n".encode("cp1252"))
    with pytest.raises(InvalidInput, match="UTF-8 but for some lines, as 'Zo"):
        names_in(path)


@pytest.mark.parametrize("name", ["O\u2019Brien", "\u201cBob\u201d Smith"])
def test_typographic_signs_alone_are_read_as_windows_writes_them(tmp_path: Path, name: str) -> None:
    names, doubt = names_in(a_list(tmp_path, [name], "cp1252"))
    assert names == [name]
    assert doubt


@pytest.mark.parametrize("first_line", ["sep=;\r\n", '"sep=;"\r\n', "SEP=;\n"])
def test_excels_first_line_names_the_delimiter(tmp_path: Path, first_line: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{first_line}Name;Phone\r\nA,B,C,D;+12125550143\r\n", "utf-8-sig", newline="")
    with open_records(ContactFile(path)) as records:
        rows = [(record.number, record.cells) for record in records.rows]
    assert rows == [(1, ("Name", "Phone")), (2, ("A,B,C,D", "+12125550143"))]
