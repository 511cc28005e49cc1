"""Gets a real Asterisk and sipp: once, into a cache that all clones share. Used by benchmarks and tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from outdial.local_asterisk.debian_packages import CannotHaveError, PrivateApt, debian_mirror, run_tool

SUITE = "forky"
"""The Debian suite that has Asterisk 22 (bookworm and trixie have none)."""

MAJOR = "22"
PACKAGES = ("asterisk", "asterisk-core-sounds-en-gsm", "sip-tester")
LAYOUT = 1
"""Raised whenever what is kept below changes, so that older caches are left alone."""

_KEPT = ("usr/sbin/asterisk", "usr/bin/sipp", "usr/share/asterisk", "usr/share/sip-tester")
_NEEDED_BY_GLIBC = ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2")


@dataclass(frozen=True)
class Software:
    """Where Asterisk and sipp are. They bring every library they use, so any Linux of this kind runs them."""

    prefix: Path

    @property
    def modules(self) -> Path:
        """Asterisk's loadable modules."""
        return _only(self.prefix, "usr/lib/*/asterisk/modules")

    @property
    def data(self) -> Path:
        """Asterisk's sounds and documentation."""
        return self.prefix / "usr/share/asterisk"

    def command(self, program: str) -> list[str]:
        """How to start `usr/sbin/asterisk` or `usr/bin/sipp`, arguments to follow."""
        libraries = self.modules.parent.parent
        return [
            str(_only(self.prefix, "usr/lib/*/ld-linux*.so.*")),
            "--library-path",
            str(libraries),
            str(self.prefix / program),
        ]

    def version(self) -> str:
        """What Asterisk calls itself."""
        return run_tool(*self.command("usr/sbin/asterisk"), "-V").strip()


def get_software() -> Software:
    """The cached software, fetched where it is not there yet. Raises CannotHaveError."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outdial" / "telephony"
    home.mkdir(parents=True, exist_ok=True)
    prefix = home / f"asterisk-{MAJOR}-{LAYOUT}"
    with (home / "lock").open("w") as lock:
        # Test processes that start together fetch it once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not prefix.exists():
            _fetch(home, prefix)
    return Software(prefix)


def _fetch(home: Path, prefix: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        whole, kept = Path(scratch) / "whole", Path(scratch) / "kept"
        whole.mkdir()
        apt = PrivateApt(Path(scratch) / "apt", debian_mirror(), SUITE)
        apt.update()
        version = apt.candidate("asterisk").partition(":")[2]
        if not version.startswith(f"{MAJOR}."):
            raise CannotHaveError(
                f"Debian's suite {SUITE} has Asterisk {version or 'no more'}, the tests are for {MAJOR}"
            )
        apt.unpack(PACKAGES, whole)
        _keep_what_runs(whole, kept)
        kept.rename(prefix)


def _keep_what_runs(whole: Path, kept: Path) -> None:
    """Half of it: two programs, the modules, their data, and the libraries that all of these load."""
    modules = _only(whole, "usr/lib/*/asterisk/modules")
    libraries = modules.parent.parent
    loader = _only(whole, "usr/lib/*/ld-linux*.so.*")
    for folder in (*_KEPT, str(modules.relative_to(whole))):
        _copy(whole / folder, kept / folder)
    # The package's own installation script makes this link.
    (kept / "usr/share/asterisk/sounds/en").symlink_to("en_US_f_Allison")
    programs = [whole / _KEPT[0], whole / _KEPT[1], *modules.glob("*.so")]
    needed = {loader, *(libraries / name for name in _NEEDED_BY_GLIBC)}
    for program in programs:
        needed |= _libraries_of(program, loader, libraries)
    for library in needed:
        shutil.copy(library, kept / libraries.relative_to(whole) / library.name)


def _libraries_of(program: Path, loader: Path, libraries: Path) -> set[Path]:
    listed = run_tool(str(loader), "--library-path", str(libraries), "--list", str(program))
    found = {Path(line.split()[2]) for line in listed.splitlines() if "=> /" in line}
    return {library for library in found if library.is_relative_to(libraries)}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy(source, target)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise CannotHaveError(f"Debian's packages hold no {pattern} any more")
    return found[0]
