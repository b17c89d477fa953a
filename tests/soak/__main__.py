"""python -m tests.soak --minutes 20: prints what happened, and whether anything was lost or doubled."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pytest
from rich.console import Console

from penstock_ops import world as local_world
from tests.soak.soak import Soak, figures
from tests.stack.kills import PACE
from tests.support.deployed import Deployed


def main() -> int:
    """The command line; 1 if anything was lost, doubled or not balanced, or a fault that must be shown was not."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--slow", type=float, default=1.0, help="3: on a machine that is three times as slow, or shared"
    )
    asked = parser.parse_args()
    began = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {line}\n")

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        home = Path(folder)
        try:
            say("the world is brought up")
            here = local_world.up(home=home / "world", port=0, keeps=True)
            for name, value in here.environment.items():
                environment.setenv(name, value)
            deployed = Deployed(here)
            try:
                deployed.calm()
                for feed in here.destinations:
                    deployed.configure(feed, **PACE)
                soak = Soak(deployed, home, asked.seed, asked.slow, say)
                soak.run(asked.minutes * 60)
                found = figures(deployed, soak.told)
            finally:
                deployed.close()
        finally:
            local_world.down(home / "world")
    Console().print_json(data=found)
    is_sound = not any(found["lost"].values()) and not any(found["doubled"].values()) and not found["not shown"]
    return 0 if is_sound and found["balanced"] == found["files"] else 1


if __name__ == "__main__":
    sys.exit(main())
