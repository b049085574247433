"""`python -m minisets.dns --address A [--port 53] [--keep FILE] -- COMMAND...`: process 1."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from minisets.clock import SystemClock
from minisets.dns.kept import KeptZone
from minisets.dns.process import Process
from minisets.dns.server import DnsServer, resolvers
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESOLVERS = Path("/etc/resolv.conf")
_log = logging.getLogger("minisets.dns")


def main(argv: Sequence[str]) -> int:
    """Run process 1: its exit code."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    asked, command = _parsed(argv)
    kept = KeptZone(asked.keep)
    try:
        upstream = resolvers(_RESOLVERS, without=asked.address)
        server = DnsServer(asked.address, asked.port, upstream, kept.read()).start()
    except MinisetsError as error:
        _log.error("%s", error)
        return 1
    _log.info("answers DNS at %s:%d", asked.address, server.port)
    try:
        return Process(server, kept, command, SystemClock()).run()
    finally:
        server.stop()


def _parsed(argv: Sequence[str]) -> tuple[argparse.Namespace, Sequence[str]]:
    """Our own options, and behind `--` the command."""
    parser = argparse.ArgumentParser(
        prog="python -m minisets.dns",
        usage="%(prog)s --address ADDRESS [--port PORT] [--keep FILE] -- COMMAND...",
        description="Answer DNS, and run the control plane that says what.",
    )
    parser.add_argument("--address", required=True, help="where to listen")
    parser.add_argument("--port", type=int, default=53, help="0: any free one (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep the last zone there")
    at = argv.index("--") if "--" in argv else len(argv)
    asked = parser.parse_args(argv[:at])
    if not (command := argv[at + 1 :]):
        parser.error("no command stands behind --")
    return asked, command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
