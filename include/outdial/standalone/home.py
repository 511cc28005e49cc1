"""The folder that holds everything of one stack: data, logs, secrets, and who is running it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from outdial.domain.errors import OutdialError
from outdial.standalone.ports import choose_ports


class AlreadyRunning(OutdialError):
    """Another supervisor, or something it left, still holds this home."""


@dataclass(frozen=True)
class Home:
    """Paths within one home."""

    path: Path

    @property
    def environment(self) -> Path:
        """Every variable an `outdial …` command needs to find the running stack."""
        return self.path / "environment"

    @property
    def logs(self) -> Path:
        """One log for each part, and the supervisor's own."""
        return self.path / "logs"

    @property
    def lock(self) -> Path:
        """Locked by the supervisor and, through it, by every part it starts."""
        return self.path / "lock"

    @property
    def members(self) -> Path:
        """Kept open by every part, and opened by nobody else: who has it open belongs to the stack."""
        return self.path / "members"

    @property
    def state(self) -> Path:
        """What the supervisor is doing: see `StackState`."""
        return self.path / "state.json"

    def log(self, part: str) -> Path:
        """The log of one part."""
        return self.logs / f"{part}.log"


@dataclass(frozen=True)
class Secrets:
    """Passwords and keys, made once for each home. All are letters and digits but `fernet_key`."""

    database: str
    redis: str
    ami: str
    airflow_admin: str
    airflow_service: str
    airflow_jwt: str
    airflow_api: str
    fernet_key: str
    smpp: str
    sms_http: str
    links: str


@dataclass(frozen=True)
class StackState:
    """What the supervisor last said about itself.

    `phase` is starting, ready, stopping, stopped or failed; `problem` and `tail` say why it failed; `parts`
    has the process id of every part that is ready.
    """

    phase: str
    supervisor: int
    problem: str = ""
    tail: str = ""
    parts: dict[str, int] = field(default_factory=dict[str, int])


def home_at(path: Path) -> Home:
    """The home at `path`, which need not exist."""
    return Home(path.absolute())


def make_home(path: Path) -> Home:
    """The home at `path`, created if it is not there, closed to other users."""
    home = home_at(path)
    home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.logs.mkdir(exist_ok=True)
    return home


def remembered_secrets(home: Home) -> Secrets:
    """The home's secrets, made at the first call; a home from before some of them is given those."""
    path = home.path / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    known = asdict(_new_secrets()) | kept
    if known != kept:
        write_private(path, json.dumps(known, indent=1))
    return Secrets(**known)


def _new_secrets() -> Secrets:
    return Secrets(
        *(secrets.token_hex(16) for _ in range(5)),
        airflow_jwt=secrets.token_hex(32),
        airflow_api=secrets.token_hex(32),
        fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        # SMPP 3.4 has room for eight.
        smpp=secrets.token_hex(4),
        sms_http=secrets.token_hex(16),
        links=secrets.token_hex(16),
    )


def remembered_ports(home: Home, names: Iterable[str]) -> dict[str, int]:
    """A free port for each name, the last start's where it is still free."""
    path = home.path / "ports.json"
    wished = json.loads(path.read_text()) if path.exists() else {}
    ports = choose_ports(names, wished)
    write_private(path, json.dumps(ports, indent=1))
    return ports


def write_private(path: Path, text: str) -> None:
    """Replace a file at once by one that only its owner can read."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    unfinished.replace(path)


def write_state(home: Home, state: StackState) -> None:
    """Tell other processes what the supervisor is doing."""
    write_private(home.state, json.dumps(asdict(state)))


def read_state(home: Home) -> StackState | None:
    """What the supervisor last said; None where none ever ran."""
    try:
        return StackState(**json.loads(home.state.read_text()))
    except FileNotFoundError:
        return None


def is_held(home: Home) -> bool:
    """Whether a supervisor, or a part that outlived one, holds the home."""
    try:
        descriptor = os.open(home.lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def held_home(home: Home) -> Generator[tuple[int, int]]:
    """Hold the home for the length of a block; yields what the parts are to keep open: lock and members.

    Raises AlreadyRunning at once where somebody else holds it.
    """
    lock = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"A stack is already running in {home.path}.") from None
        members = os.open(home.members, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield lock, members
        finally:
            os.close(members)
    finally:
        os.close(lock)
