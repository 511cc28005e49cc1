"""Becomes the server it is told to run, after arranging that the server dies with its supervisor.

Run by path with `python -I -S`, so that it starts in milliseconds: it must import nothing of Outdial.
    launch.py PARENT_PID DEATH_SIGNAL plain|namespace|USER -- COMMAND ARGUMENT…
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


def _call(libc: ctypes.CDLL, function: str, *arguments: int) -> None:
    if getattr(libc, function)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function}: {os.strerror(error)}")


def _become(libc: ctypes.CDLL, identity: str) -> None:
    """PostgreSQL refuses to run as root, so root gives that up here.

    In a user namespace without a mapping the process sees itself as nobody, while its files stay root's:
    no system user is needed, and folders under /root stay reachable.
    """
    if identity == "plain":
        return
    if identity == "namespace":
        _call(libc, "unshare", _CLONE_NEWUSER)
        return
    user = pwd.getpwnam(identity)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def _main(arguments: list[str]) -> None:
    parent, death_signal, identity, _, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    _become(libc, identity)
    # After the identity: the kernel forgets the death signal when credentials change.
    _call(libc, "prctl", _PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):  # the supervisor died before the signal was armed
        sys.exit(0)
    os.execvp(command[0], command)  # noqa: S606 - becoming the server is this file's purpose


if __name__ == "__main__":
    try:
        _main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"cannot start {sys.argv[5]}: {error}")
