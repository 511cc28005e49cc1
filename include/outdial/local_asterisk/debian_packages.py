"""Packages of a Debian suite, unpacked into a folder by this machine's own apt: no root, nothing installed.

Apt checks the suite's signature and every package's checksum, as it does for the machine itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR_VARIABLE = "DEBIAN_MIRROR"
DOWNLOAD_TIMEOUT_S = 600


class CannotHaveError(Exception):
    """The packages cannot be had here; the text is one sentence that says what is missing."""


class PrivateApt:
    """An apt with state of its own in `folder`, which takes packages from one suite of one mirror."""

    def __init__(self, folder: Path, mirror: str, suite: str) -> None:
        for part in ("lists/partial", "archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n", "utf-8")
        self.archives = folder / "archives"
        settings = {
            "Dir::Etc::SourceList": folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State::Lists": folder / "lists",
            "Dir::State::Status": folder / "status",
            "Dir::Cache::Archives": self.archives,
            "Dir::Cache::PkgCache": "",
            "Dir::Cache::SrcPkgCache": "",
            # Run by root, apt would download as a user who may not enter our folder.
            "APT::Sandbox::User": "",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            # Else a mirror that does not answer is only a warning.
            "APT::Update::Error-Mode": "any",
            # Nobody else uses this state, and an unprivileged user may not lock the system's.
            "Debug::NoLocking": "true",
        }
        self._options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]

    def update(self) -> None:
        """Read the suite's lists. Raises CannotHaveError."""
        self._run("apt-get", "-qq", "update")

    def candidate(self, package: str) -> str:
        """The version of `package` that the suite has; empty where it has none."""
        shown = self._run("apt-cache", "show", "--no-all-versions", package)
        versions = [line.removeprefix("Version: ") for line in shown.splitlines() if "Version: " in line]
        return versions[0] if versions else ""

    def unpack(self, packages: Iterable[str], into: Path) -> None:
        """Download `packages` with all that they depend on, and lay their files out in `into`."""
        self._run("apt-get", "-qq", "--yes", "--download-only", "install", *packages)
        for archive in sorted(self.archives.glob("*.deb")):
            run_tool("dpkg-deb", "--extract", str(archive), str(into))

    def _run(self, tool: str, *arguments: str) -> str:
        return run_tool(tool, *self._options, *arguments)


def debian_mirror() -> str:
    """Where this machine gets Debian from, or what DEBIAN_MIRROR says. Raises CannotHaveError."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise CannotHaveError(f"it is unpacked from Debian's packages, and this machine has no {tool}")
    if not KEYRING.exists():
        raise CannotHaveError(
            f"{KEYRING} is missing, without which Debian's packages cannot be verified:"
            " apt-get install debian-archive-keyring"
        )
    if given := os.environ.get(MIRROR_VARIABLE):
        return given
    known = run_tool("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    mirrors = [line for line in known.splitlines() if line.endswith("/debian/")]
    if not mirrors:
        raise CannotHaveError(f"apt here knows no mirror of Debian: name one in {MIRROR_VARIABLE}")
    return mirrors[0]


def run_tool(*command: str) -> str:
    """What `command` prints. Raises CannotHaveError with its first words where it fails."""
    environment = os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise CannotHaveError(f"{command[0]} did not end within {DOWNLOAD_TIMEOUT_S} s") from None
    if done.returncode:
        said = [*done.stderr.splitlines(), *done.stdout.splitlines(), "without a word"]
        raise CannotHaveError(f"{command[0]} failed: {said[0].removeprefix('E: ')}")
    return done.stdout
