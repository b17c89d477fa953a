"""python -m tests.storm: a storm day on the local world. Prints what became of every file, and the account of hours.

Three files of plan and five of changes, each set at once: 3,000 duties, of which 250 are cancelled, 120 given to others
and 40 diverted. What the destination has been told, each duty in its latest revision, must add up to what every crew
member's records say.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from penstock_ops import world as local_world
from tests.support.deployed import Deployed
from tests.support.storm import StormDay, minutes_of, storm_day

NOTHING = (0, 0)
PATIENCE = 1200.0  #: seconds for a file, on a machine that may be busy


def main() -> int:
    """The command line; 1 if an hour is not accounted for, or a file not balanced."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--part", type=int, default=1, help="only so small a part of the day: 1 is all, 10 a tenth")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        world = Path(folder) / "world"
        try:
            here = local_world.up(home=world, port=0, keeps=True)
            for name, value in here.environment.items():
                environment.setenv(name, value)
            deployed = Deployed(here)
            try:
                deployed.calm()
                found = storm(deployed, storm_day(asked.seed, asked.part))
            finally:
                deployed.close()
        finally:
            local_world.down(world)
    Console().print_json(data=found)
    balanced = all(file["balanced"] for file in found["files"].values())
    return 0 if balanced and not found["not accounted for"] else 1


def storm(deployed: Deployed, day: StormDay) -> dict[str, Any]:
    """Drops the plan, then the changes; the account, in hours."""
    began = time.monotonic()
    files: dict[str, Any] = {}
    for bodies in (day.planned, day.changes):
        dropped = {name: deployed.drop(name, body, "crew") for name, body in bodies.items()}
        for name, file in dropped.items():
            report = deployed.ended(file, PATIENCE)
            files[name] = {"balanced": report["balanced"], "records": report["records"]}
    seconds = time.monotonic() - began
    told = deployed.applied("crew")
    by_crew = minutes_of(standing(told))
    hours = {crew: by_crew.get(crew, NOTHING) for crew in day.minutes | by_crew}
    return {
        "files": files,
        "seconds": round(seconds),
        "hours of duty": _hours(one[0] for one in hours.values()),
        "hours of flight time": _hours(one[1] for one in hours.values()),
        "hours of duty by the records": _hours(one[0] for one in day.minutes.values()),
        "hours of flight time by the records": _hours(one[1] for one in day.minutes.values()),
        "not accounted for": sorted(crew for crew, one in hours.items() if day.minutes.get(crew) != one),
    }


def standing(told: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of what was told each duty in its latest revision, without those that were withdrawn."""
    latest = {(one["crew_id"], one["duty_id"]): one for one in sorted(told, key=lambda one: one["revision"])}
    return [one for one in latest.values() if one.get("status") not in ("cancelled", "reassigned")]


def _hours(minutes: Iterable[int]) -> float:
    return round(sum(minutes) / 60, 1)


if __name__ == "__main__":
    sys.exit(main())
