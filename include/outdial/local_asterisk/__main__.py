"""`python -m outdial.local_asterisk` fetches Asterisk and sipp, and says where they are, or why not."""

from __future__ import annotations

import sys

from outdial.local_asterisk.debian_packages import CannotHaveError
from outdial.local_asterisk.software import get_software


def main() -> int:
    """Fetch, and say what there is."""
    try:
        software = get_software()
    except CannotHaveError as missing:
        sys.stderr.write(f"A real Asterisk cannot run here: {missing}\n")
        return 1
    sys.stdout.write(f"{software.version()} and sipp in {software.prefix}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
