"""`python -m tests.soak.run [--operations 300] [--seed N]`: one soak, told as it goes. Needs root."""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial

from minisets.errors import MinisetsError
from tests.soak.soak import SoakError, opened

say = partial(print, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/soak", description="Random operations over three statefulsets."
    )
    parser.add_argument("--operations", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("it runs an engine of its own, which needs root: run it as root")
    if given.operations < 1:
        parser.error(f"--operations is {given.operations}: at least 1 is needed")
    say(f"seed {given.seed}")
    try:
        with opened(given.seed, say) as soak:
            for operation in soak.drawn(given.operations):
                soak.step(operation)
            say(soak.end())
    except (SoakError, MinisetsError, RuntimeError) as error:  # the last: no images, or no engine starts
        say(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
