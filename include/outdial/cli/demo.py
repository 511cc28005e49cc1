"""`outdial standalone demo`: one whole campaign, watched, with nothing left running."""

from __future__ import annotations

from outdial.cli.demo_screen import open_screen, totals_text
from outdial.cli.output import print_json
from outdial.domain.clock import utc_now
from outdial.domain.errors import Broken
from outdial.settings import inherited_environment, outdial_home
from outdial.standalone.demo import fresh_demo_home, run_sample_campaign
from outdial.standalone.leftovers import process_title, stack_processes
from outdial.standalone.serve import Announce, running_stack
from outdial.standalone.stack import choose_telephony


async def run_demo(announce: Announce, *, as_json: bool) -> int:
    """Run it, show it, stop it; returns 0 or raises whatever went wrong. The command of the same name."""

    def say(text: str) -> None:
        if not as_json:
            print(text, flush=True)

    home = fresh_demo_home(outdial_home())
    say("Starting PostgreSQL, Valkey, SQS, a phone network, the dialer and Airflow …")
    inherited = choose_telephony(inherited_environment(), own_asterisk=False)
    async with running_stack(home.path, inherited, utc_now, announce) as stack:
        with open_screen(quiet=as_json) as show:
            result = await run_sample_campaign(stack, utc_now, show, say)
        say("The run succeeded. Stopping everything …")
    left = [process_title(pid) for pid in stack_processes(home)]
    if left:
        raise Broken(f"Processes were left behind: {'; '.join(left)}.")
    if as_json:
        print_json({"totals": result.totals.model_dump(mode="json", by_alias=True), "files": result.files})
    else:
        print(totals_text(result.totals))
        print("\n".join(f"  {suffix.upper():8} {path}" for suffix, path in sorted(result.files.items())))
        print("Nothing is left running. `make up` starts the same and keeps it.")
    return 0
