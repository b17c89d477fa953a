"""A bad night for the deployed stack, and the balance of the morning after.

Files are dropped while Lambda's workers are killed (SIGKILL), the destination fails, is slow and loses answers, and S3
tells of each file several times. Then it is quiet, and everything must have come to its end. What happens is drawn from
a seed; when exactly it meets the pipeline is not, so a seed is the same weather and not the same run.

`python -m tests.stack.kills --minutes 5` prints the figures of a longer night.
"""

import argparse
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from penstock.model.rows import FileState
from penstock_ops import world as local_world
from penstock_ops.world import World, state
from tests.support.deployed import INTERVAL, Deployed, File, until
from tests.support.spots import csv_file, spot

PATIENCE = 180.0  #: seconds that the morning may take

# What is shortened, so that a night is one of minutes. A worker that is killed takes its message and its lease with it:
# until the invocation would have timed out nobody else gets the lease, and the message is seen again when the queue's
# visibility timeout has passed. As the template has it that is up to a quarter of an hour, and an hour and a half. Here
# both are seconds, in the order that makes the template's safe: first the lease ends (2 s before the timeout), then the
# invocation, then the message is seen again, and a cold start fits in between. It is the real thing all the same: the
# functions take their deadline from the invocation and know of no other number, and all happens in that order.
TIMEOUTS = {"Splitter": 36, "Validator": 10, "Dispatcher": 14, "Prober": 14}  #: the first hands on 30 s before its end
COLD_START = 8

RECORDS, OVERLAP = 240, 20  #: of a file, and those that the file before it had as well
BROKEN = 40  #: every so many-th record has no valid material id
COLUMNS = ("spot_id", "station", "isci", "air_date", "air_time", "length_s", "scan")
WIDE = 8  #: every so many-th file fills the last column, which no field wants, and so has several chunks
SCAN = "x" * 40 * 1024

#: Small batches at a modest pace, so that a chunk is in a dispatcher's hands for a while.
PACE: dict[str, Any] = {"timeout_seconds": 1.5, "batch_records": 20, "rate_per_second": 20, "burst": 5}

#: What the destination is like for a while. `lost_answer`: it applies the batch and hangs up.
MOODS: tuple[dict[str, Any], ...] = (
    {"mode": "normal", "latency_seconds": 0.1, "fault_rates": {"unavailable": 0.0, "lost_answer": 0.3}},
    {"mode": "normal", "latency_seconds": 0.1, "fault_rates": {"unavailable": 0.3, "lost_answer": 0.1}},
    {"mode": "normal", "latency_seconds": 0.7, "fault_rates": {"unavailable": 0.0, "lost_answer": 0.1}},
    {"mode": "normal", "latency_seconds": 0.1, "fault_rates": {"unavailable": 0.0, "lost_answer": 0.0}},
    {"mode": "down"},
    {"mode": "status", "status": 502},
)
WEIGHTS = (4, 2, 2, 1, 1, 1)


@dataclass
class Night:
    """What happened. `in_hand` counts the kills that took a message from an invocation."""

    seed: int
    seconds: float = 0
    files: list[File] = field(default_factory=list[File])
    kills: Counter[str] = field(default_factory=Counter[str])
    in_hand: int = 0
    notices_doubled: int = 0
    dead_lettered: int = 0
    drained_seconds: float = 0

    @property
    def station(self) -> str:
        """Whose spots they are."""
        return f"K-NIGHT-{self.seed}"

    @property
    def wanted(self) -> Counter[int]:
        """How often the destination shall have which spot, by its number: each that is valid, once."""
        last = len({file.key for file in self.files}) * (RECORDS - OVERLAP) + OVERLAP
        return Counter(number for number in range(last) if not is_broken(number))


def is_broken(number: int) -> bool:
    """Whether that spot is to be rejected."""
    return number % BROKEN == BROKEN - 1


def file_of(number: int, station: str) -> bytes:
    """A station's so many-th file. It begins with what the one before it ended with."""
    first = number * (RECORDS - OVERLAP)
    numbers = range(first, first + RECORDS)
    cells = {"station": station, "scan": SCAN if number % WIDE == 0 else "", "advertiser": None, "rate": None}
    spots = [spot(one, **cells | ({"isci": "NONE"} if is_broken(one) else {}), record_type=None) for one in numbers]
    return csv_file(spots, COLUMNS)


def workers(world: World) -> dict[str, list[psutil.Process]]:
    """The processes that MiniStack runs functions in, by function."""
    here = state.load(world.logs.parent)
    assert here is not None
    found: dict[str, list[psutil.Process]] = {}
    for child in psutil.Process(here.ministack.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            named = re.search(rf"-lambda-{world.stack}-(\w+)-\w+/_worker\.py$", " ".join(child.cmdline()))
            if named:
                found.setdefault(named[1], []).append(child)
    return found


@contextmanager
def strict_world(home: Path) -> Generator[Deployed]:
    """A world of its own in which roles are enforced; see `TIMEOUTS` for what is shorter there."""
    try:
        here = local_world.up(home=home, port=0, strict=True)
        with pytest.MonkeyPatch.context() as environment:
            for name, value in here.environment.items():
                environment.setenv(name, value)
            deployed = Deployed(here)
            try:
                deployed.calm()
                deployed.configure(**PACE)
                shorten(deployed)
                yield deployed
            finally:
                deployed.close()
    finally:
        local_world.down(home)


def shorten(deployed: Deployed, timeouts: Mapping[str, int] = TIMEOUTS) -> None:
    """Gives functions and queues the waits of such a night; see `TIMEOUTS`."""
    sqs = deployed.client("sqs")
    for function, seconds in timeouts.items():
        deployed.allow(function, seconds)
    sources = {"Splitter": "Intake", "Extractor": "Document", "Validator": "Chunk"}
    queues = {
        function: deployed.outputs[f"{name}QueueUrl"] for function, name in sources.items() if function in timeouts
    }
    dispatches = json.loads(deployed.outputs["DispatchQueues"]).values()
    for function, url in (*queues.items(), *(("Dispatcher", url) for url in dispatches)):
        visibility = str(timeouts[function] + COLD_START)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": visibility})


class Storm:
    """The night itself."""

    def __init__(self, deployed: Deployed, seed: int, files: int) -> None:
        self._deployed, self._rng = deployed, random.Random(seed)
        self._night, self._files, self._to_drop = Night(seed), files, files
        self._busy: dict[int, float] = {}
        self._probing: Future[None] | None = None
        self._prober = ThreadPoolExecutor(1)

    def rage(self, seconds: float, enough: float = inf) -> Night:
        """For so long, or until enough messages were taken from workers that were killed with them.

        It breaks once the first file's records arrive: until then there is nobody to be killed.
        """
        self._drop()
        until(lambda: applied(self._deployed, self._night), "the first records")
        began = time.monotonic()
        drop_at = kill_at = mood_at = double_at = probe_at = 0.0
        with self._prober:
            while (now := time.monotonic() - began) < seconds and not self._has_raged(enough):
                if now >= drop_at and self._to_drop:
                    self._drop()
                    drop_at = now + self._rng.uniform(0.5, 2.5)
                if now >= mood_at:
                    self._deployed.behave(**self._rng.choices(MOODS, WEIGHTS)[0])
                    mood_at = now + self._rng.uniform(1, 5)
                if now >= double_at and self._night.files:
                    self._double()
                    double_at = now + self._rng.uniform(2, 6)
                if now >= kill_at and self._kill():
                    kill_at = now + self._rng.uniform(0.5, 3)
                    self._night.in_hand = _taken(self._deployed)
                if now >= probe_at and self._probe():
                    probe_at = now + self._rng.uniform(3, 8)
                time.sleep(INTERVAL)
            self._night.seconds = now
            while self._to_drop:
                self._drop()
        return self._night

    def _has_raged(self, enough: float) -> bool:
        return self._night.in_hand >= enough and self._deployed.books()["lost_answers"] > 0

    def _drop(self) -> None:
        self._to_drop -= 1
        files = self._night.files
        fresh = len({file.key for file in files})
        # Now and then the sender drops a file once more.
        number = self._rng.randrange(fresh) if fresh and self._rng.random() < 0.2 else fresh
        files.append(self._deployed.drop(f"night-{number}.csv", file_of(number, self._night.station)))

    def _double(self) -> None:
        """S3 tells of a file again."""
        self._deployed.notify(self._rng.choice(self._night.files).notification)
        self._night.notices_doubled += 1

    def _kill(self) -> bool:
        """Kills a worker that has just been at work, if there is one."""
        there = [(name, one) for name, several in workers(self._deployed.world).items() for one in several]
        was, self._busy = self._busy, {}
        at_work: list[tuple[str, psutil.Process]] = []
        for name, worker in there:
            with suppress(psutil.NoSuchProcess):
                spent = worker.cpu_times()
                self._busy[worker.pid] = spent.user + spent.system
                worked = was.get(worker.pid, 1e9) < self._busy[worker.pid]
                # One that still starts has no connections. MiniStack would end those that start beside it as well.
                if worked and worker.net_connections("tcp"):
                    at_work.append((name, worker))
        if not at_work:
            return False
        name = self._rng.choice(sorted({name for name, _ in at_work}))
        # What a late splitter leaves behind comes back long after everything else, and the morning would wait for it.
        late = self._to_drop < self._files / 2
        # The prober is at work all the time here, and else would be most of those that are killed.
        if (name == "splitter" and late) or (name == "prober" and self._rng.random() > 0.1):
            return False
        worker = self._rng.choice([one for function, one in at_work if function == name])
        with suppress(psutil.NoSuchProcess):
            worker.kill()
            self._night.kills[name] += 1
        return True

    def _probe(self) -> bool:
        """A minute of the clock passes for the circuits, unless the last look at them is not over."""
        if self._probing is not None and not self._probing.done():
            return False
        self._probing = self._prober.submit(look_at_circuits, self._deployed)
        return True


def look_at_circuits(deployed: Deployed) -> None:
    """The prober looks, and it is time to probe. It may be killed at it."""
    functions = deployed.client("lambda")
    # Of a probe under way that was killed, too: nothing else would be tried for as long as a probe may take.
    deployed.hurry_probe(killed=True)
    with suppress(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName=deployed.outputs["ProberFunctionName"], Payload=json.dumps({"look": "circuits"}))


def morning(deployed: Deployed, night: Night) -> None:
    """Returns once everything has come to its end; what died is sent back to where it was."""
    began = time.monotonic()
    deployed.calm()
    looked = began
    while open_ones := [file for file in night.files if not has_ended(deployed, file)]:
        assert time.monotonic() < began + PATIENCE, f"not within {PATIENCE:.0f} s: {[one.key for one in open_ones]}"
        if dead := deployed.dead_letters():
            night.dead_lettered += sum(dead.values())
            deployed.typed("redrive", "--force")
        if time.monotonic() > looked + 5:
            look_at_circuits(deployed)
            deployed.look("Sweeper", "work")
            looked = time.monotonic()
        time.sleep(INTERVAL)
    deployed.recover()
    deployed.idle()
    night.drained_seconds = time.monotonic() - began
    night.in_hand = _taken(deployed)


def _taken(deployed: Deployed) -> int:
    """Messages whose worker died with them in hand, as MiniStack tells it."""
    said = (deployed.world.logs / "ministack.log").read_text(errors="replace")
    return len(re.findall(r"failed processing SQS batch .*Worker process died", said))


def has_ended(deployed: Deployed, file: File) -> bool:
    """Whether a file is settled, and nothing of it is missing."""
    row = deployed.row(file)
    if row is None or row.state is not FileState.SETTLED:
        return False
    report = json.loads(deployed.output(file, "summary.json") or b"{}")
    return bool(report) and report["records"]["dead"] == 0


def applied(deployed: Deployed, night: Night) -> Counter[int]:
    """How often the destination has which of the night's spots, by their numbers."""
    return Counter(int(record["spot_id"][1:]) for record in deployed.applied() if record["station"] == night.station)


def reports(deployed: Deployed, night: Night) -> list[dict[str, Any]]:
    """What Penstock says became of each file."""
    return [json.loads(deployed.output(file, "summary.json") or b"null") for file in night.files]


def figures(deployed: Deployed, night: Night) -> dict[str, Any]:
    """The night in numbers."""
    books, there, wanted = deployed.books(), applied(deployed, night), night.wanted
    counted = Counter[str]()
    for report in reports(deployed, night):
        counted.update(report["records"])
    changes = Counter(audit["what"] for audit in deployed.audited())
    return {
        "seed": night.seed,
        "seconds of storm": round(night.seconds),
        "seconds until all had ended": round(night.drained_seconds),
        "files": len(night.files),
        "chunks": sum(len(deployed.chunks(file)) for file in night.files),
        "workers killed": night.kills.total(),
        "killed by function": dict(sorted(night.kills.items())),
        "killed with a message in hand": night.in_hand,
        "S3 events doubled": night.notices_doubled,
        "messages dead-lettered and redriven": night.dead_lettered,
        "circuit opened": changes["CircuitOpened"],
        "calls of the destination": books["calls"],
        "answers lost": books["lost_answers"],
        "calls answered from its keys": books["replayed_answers"],
        "records": dict(counted),
        "records lost": (wanted - there).total(),
        "records doubled": (there - wanted).total(),
    }


def main() -> None:
    """A night of so many minutes, in figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.stack.kills", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, strict_world(Path(home)) as deployed:
        night = Storm(deployed, asked.seed, files=max(4, round(asked.minutes * 30))).rage(asked.minutes * 60)
        morning(deployed, night)
        Console().print_json(data=figures(deployed, night))


if __name__ == "__main__":
    main()
