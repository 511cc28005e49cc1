"""`outdial doctor`: is everything well, and what to fix where it is not."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import typer
from pydantic import ValidationError

from outdial.cli.output import AsJson, print_json
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.settings import Settings, load_settings, outdial_home
from outdial.standalone.findings import Finding, make_checks
from outdial.standalone.home import home_at
from outdial.standalone.machine_checks import machine_checks
from outdial.standalone.service_checks import service_checks
from outdial.standalone.text_checks import text_checks


def doctor(as_json: AsJson = False) -> None:
    """Check every dependency and say what to fix; exits 1 if anything is not well."""
    settings = _settings()
    checks = [
        *machine_checks(home_at(outdial_home())),
        *service_checks(settings, utc_now),
        *text_checks(settings),
    ]
    findings = asyncio.run(make_checks(checks))
    is_well = all(finding.is_well for finding in findings)
    if as_json:
        print_json({"well": is_well, "checks": [{"well": f.is_well, **asdict(f)} for f in findings]})
    else:
        _print(findings)
    raise typer.Exit(0 if is_well else 1)


def _settings() -> Settings:
    try:
        return load_settings()
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors())
        raise InvalidInput(*problems) from None


def _print(findings: list[Finding]) -> None:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{'ok  ' if finding.is_well else 'FAIL'}  {finding.name:{width}}  {finding.found}")
        if finding.fix:
            print(f"      {'':{width}}  → {finding.fix}")
    ill = sum(not finding.is_well for finding in findings)
    print("Everything is well." if ill == 0 else f"{ill} of {len(findings)} checks failed.")
