"""How fast the crew feed's rules are: `python -m tests.bench.duties`. A year of duties of some crew members."""

import json
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from penstock.feeds.crew import CREW
from penstock.feeds.crew.duty import dumped
from penstock.feeds.crew.engine import examine
from penstock.feeds.crew.history import History
from tests.support.duties import at, duty

MEMBERS, DAYS, SECTORS, TIMES = 20, 365, 4, 5


def year(regulation: str) -> list[dict[str, Any]]:
    """Four days of four sectors, then two days off, for each crew member."""
    days = [day for day in range(DAYS) if day % 6 < 4]
    return [_duty(f"C{member}", day, regulation) for member in range(MEMBERS) for day in days]


def _duty(crew: str, day: int, regulation: str) -> dict[str, Any]:
    sectors: list[dict[str, Any]] = []
    for number in range(SECTORS):
        begin = 8 * 60 + number * 100
        clocks = {"out": begin, "off": begin + 10, "on": begin + 50, "in": begin + 55}
        times = {name: at(f"+{day} {minute // 60:02d}:{minute % 60:02d}") for name, minute in clocks.items()}
        route = ("EHAM", "LFPG") if number % 2 == 0 else ("LFPG", "EHAM")
        sectors.append(
            {"flight": f"PS{number}", "origin": route[0], "destination": route[1], "registration": "PH-BXA"}
            | {f"planned_{name}": time for name, time in times.items()}
            | {f"actual_{name}": time for name, time in times.items()}
        )
    fixed = {"crew_id": crew, "duty_id": f"{crew}-{day}", "regulation": regulation, "home_base": "EHAM"}
    return duty(f"+{day} 07:00", "8:00", sectors, flight_time_minutes=None, reference_tz="Europe/Amsterdam", **fixed)


def fastest(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of some runs."""
    took: list[float] = []
    for _ in range(TIMES):
        begin = time.process_time()
        work()
        took.append(time.process_time() - begin)
    return min(took)


def main() -> None:
    """Prints records per CPU-second of the model and of the rules, and the size of a history."""
    for regulation in ("far117", "easa"):
        sent = year(regulation)
        records = CREW.model.validate_python(sent)
        model = fastest(lambda sent=sent: CREW.model.validate_python(sent))
        rules = fastest(lambda records=records: examine(records, defaultdict(History)))
        histories = defaultdict(History)
        found = examine(records, histories)
        kept = json.dumps([dumped(duty) for duty in histories["C0"].kept()]).encode()
        print(  # noqa: T201
            f"{regulation}: {len(sent)} duties of {SECTORS} sectors; model {len(sent) / model:,.0f}/s, rules"
            f" {len(sent) / rules:,.0f}/s ({rules / len(sent) * 1e6:.0f} µs), {sum(map(bool, found))} with a finding"
        )
        print(  # noqa: T201
            f"a year of one crew member is {len(histories['C0'].duties)} duties in {len(kept):,} bytes,"
            f" {len(zlib.compress(kept)):,} compressed"
        )


if __name__ == "__main__":
    main()
