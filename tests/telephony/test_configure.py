"""The script that writes an Asterisk's configuration: what it takes from the environment, what it refuses."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from outdial.local_asterisk.asterisk import CONFIGURE

ENOUGH = {"AMI_SECRET": "secret", "TRUNKS": "first", "TRUNK_first_HOST": "sip.example.org"}


def configure(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it with this environment alone."""
    return subprocess.run(
        [str(CONFIGURE), str(folder)],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def lines_of(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


def test_passwords_stand_in_it_as_they_are_and_nobody_else_may_read_them(tmp_path: Path):
    odd = """;a"b'c$d`e\\f#g h"""
    done = configure(tmp_path / "etc", **(ENOUGH | {"AMI_SECRET": odd, "TRUNK_first_USER": "me"}))
    assert (done.returncode, done.stderr) == (0, "")
    file = tmp_path / "etc" / "outdial-local.manager.conf"
    assert f"secret = {odd.replace(';', chr(92) + ';')}" in lines_of(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_each_trunk_has_its_address_and_its_own_credentials(tmp_path: Path):
    second = {
        "TRUNK_second_HOST": "192.0.2.7:5070",
        "TRUNK_second_USER": "us",
        "TRUNK_second_PASSWORD": "them",
    }
    configure(tmp_path, **(ENOUGH | second | {"TRUNKS": "first second"}))
    text = (tmp_path / "outdial-local.trunks.conf").read_text("utf-8")
    first, _, rest = text.partition("[second](outdial-trunk)")
    assert "contact = sip:sip.example.org\n" in first
    assert "password" not in first
    for line in ("contact = sip:192.0.2.7:5070", "match = 192.0.2.7", "username = us", "password = them"):
        assert f"\n{line}\n" in rest


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"AMI_SECRET": ""}, "AMI_SECRET is missing: the password of the dialers"),
        ({"TRUNKS": ""}, "TRUNKS is missing: the names of the trunks, for instance TRUNKS=trunk"),
        ({"TRUNKS": "first second"}, "TRUNK_second_HOST is missing: where is the trunk second?"),
        ({"TRUNKS": "a-b"}, "the trunk a-b: a name has letters, digits and _ only"),
        ({"AMI_SECRET": "a\n[admin]\nwrite=all"}, "AMI_SECRET must be one line"),
        ({"TRUNK_first_HOST": "h\ncontext = campaign-ivr"}, "TRUNK_first_HOST must be one line"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_cannot_use_is_refused_in_a_sentence_and_nothing_is_written(
    tmp_path: Path, changes: dict[str, str], complaint: str
):
    done = configure(tmp_path / "etc", **(ENOUGH | changes))
    assert (done.returncode, done.stderr) == (1, f"configure: {complaint}\n")
    assert not (tmp_path / "etc").exists()
