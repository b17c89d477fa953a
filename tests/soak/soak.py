"""What happens in a soak, and what must be true at its end.

Files of all feeds are dropped, some twice, while workers are killed and the destination is down, slow, busy, talks
nonsense or loses answers. In the middle another release is deployed and taken back, and once the whole world ends and
comes back. Then it is quiet: everything must end, and the destination's own books must have each record once.
"""

import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from botocore.exceptions import BotoCoreError

from penstock.feeds import FEEDS
from penstock.model import ids
from penstock.model.findings import Outcome
from penstock.model.rows import BatchState, FileState
from penstock.outputs.accepted import load_accepted
from penstock.outputs.judged import part_of
from penstock_ops import world as local_world
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.soak.others import other_release
from tests.stack.kills import shorten, workers
from tests.support.deployed import Deployed, File

PATIENCE = 900.0  #: seconds that the end may take
RECORDS = {"tower": 20}  #: of a file, each of which is a page there; 150 elsewhere
MOST_OPEN = 20  #: files; what a slow machine cannot keep up with would only wait
STANDSTILL = 30.0  #: seconds after which a worker is killed although nothing has come to the destination since the last
#: Longer than those of a bad night: a machine that builds a release beside all this is slow. As with them, see `kills`.
TIMEOUTS = {"Splitter": 60, "Extractor": 60, "Validator": 40, "Dispatcher": 50, "Prober": 50, "Sweeper": 60}
LOOK = 0.2  #: seconds between two looks

#: What the destination is like for a while, as the demo API can be told.
MOODS: dict[str, dict[str, Any]] = {
    "answers lost": {"mode": "normal", "fault_rates": {"unavailable": 0.0, "lost_answer": 0.3}},
    "503": {"mode": "normal", "fault_rates": {"unavailable": 0.4, "lost_answer": 0.1}},
    "slow": {"mode": "slow", "slow_seconds": 3.0},
    "429": {"mode": "normal", "rate_per_second": 1.0, "burst": 1},
    "garbage": {"mode": "nonsense"},
    "502": {"mode": "status", "status": 502},
    "down": {"mode": "down"},
    "well": {"mode": "normal"},
}
WEIGHTS = (5, 3, 2, 3, 1, 1, 1, 3)
#: What the destination's own books must show of that, whatever was wanted of it.
SHOWN = ("down", "lost_answers", "nonsense", "rate", "slow", "status", "unavailable")
#: Whose workers must have been killed.
KILLED = ("splitter", "validator", "dispatcher")
WELL: dict[str, Any] = {
    "mode": "normal",
    "rate_per_second": None,
    "burst": 10,
    "latency_seconds": 0.1,
    "fault_rates": {"unavailable": 0.0, "lost_answer": 0.0},
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of a feed, and how many of its records the destination is to have."""

    feed: str
    name: str
    body: bytes
    wanted: int


@dataclass(slots=True)
class Told:
    """What has happened so far."""

    files: list[tuple[Sample, File]] = field(default_factory=list[tuple[Sample, File]])
    faults: Counter[str] = field(default_factory=Counter[str])
    dead_lettered: int = 0
    decided: Counter[str] = field(default_factory=Counter[str])
    seconds: float = 0.0
    drained_seconds: float = 0.0


def sample_of(feed: str, seed: int) -> Sample:
    """A flawless file of a feed; of the traffic feed, one with faults."""
    body, beside = io.BytesIO(), io.BytesIO()
    generator = SAMPLES[feed]
    format_name, ending = next(iter(generator.formats.items()))
    faults = 0.1 if feed == "traffic" else 0.0
    options = SampleOptions(RECORDS.get(feed, 150), format_name, faults=faults, seed=seed)
    counts = generator.write(body, options, beside)
    return Sample(feed, f"soak-{seed}.{ending}", body.getvalue(), counts["delivered"])


class Soak:
    """The soak. `slow` is how many times as long everything takes as on a machine of one's own; `say` is told what
    happens, a line each time."""

    def __init__(self, deployed: Deployed, home: Path, seed: int, slow: float, say: Callable[[str], None]) -> None:
        self._deployed, self._home, self._slow, self._say = deployed, home, slow, say
        self._rng = random.Random(seed)
        self.told = Told()
        self._moods: list[str] = []
        self._open: list[File] = []
        self._busy: dict[int, float] = {}
        self._killed_at, self._calls = 0.0, 0
        self._aside = ThreadPoolExecutor(2)
        self._probing: Future[None] | None = None

    def run(self, seconds: float) -> None:
        """The storm, and what is left of it, to its end."""
        self._shorten()
        began = time.monotonic()
        self._storm(seconds)
        self.told.seconds = time.monotonic() - began
        self._say("the storm is over")
        began = time.monotonic()
        self._end()
        self.told.drained_seconds = time.monotonic() - began
        self._aside.shutdown()

    # -- the storm

    def _storm(self, seconds: float) -> None:
        began, deploying = time.monotonic(), None
        due = {self._drop: 0.0, self._change_mood: 0.0, self._kill: 0.0, self._look: 0.0, self._tell_again: 5.0}
        pauses = {self._drop: (4, 9), self._change_mood: (4, 10), self._kill: (1, 5), self._look: (5, 9)}
        coming = [(0.2, self._deploy_another), (0.5, self._restart), (0.65, self._roll_back)]
        while (now := time.monotonic() - began) < seconds or coming or not _is_done(deploying):
            for what, at in due.items():
                if now >= at and now < seconds:
                    what()
                    due[what] = now + self._rng.uniform(*pauses.get(what, (10, 20)))
            if coming and now >= coming[0][0] * seconds and _is_done(deploying):
                what = coming.pop(0)[1]
                # A deploy goes on beside everything else; the world's end does not.
                if what == self._restart:
                    self._restart()
                else:
                    deploying = self._aside.submit(what)
            time.sleep(LOOK)

    def _drop(self) -> None:
        """A file of each feed, as far as there is room; now and then one that was dropped before."""
        self._open = [file for file in self._open if (row := self._deployed.row(file)) is None or not row.settled_at]
        for feed in self._rng.sample(list(FEEDS), min(len(FEEDS), MOST_OPEN - len(self._open))):
            if self.told.files and self._rng.random() < 0.15:
                sample = self._rng.choice(self.told.files)[0]
                self.told.faults["dropped twice"] += 1
            else:
                sample = sample_of(feed, self._rng.randrange(10**9))
            file = self._deployed.drop(sample.name, sample.body, sample.feed)
            self.told.files.append((sample, file))
            self._open.append(file)

    def _tell_again(self) -> None:
        self._deployed.notify(self._rng.choice(self.told.files)[1].notification)
        self.told.faults["S3 told twice"] += 1

    def _change_mood(self) -> None:
        # As cards of a pack: each comes as often as it should, and none is left to luck.
        if not self._moods:
            self._moods = self._rng.sample(list(MOODS), sum(WEIGHTS), counts=WEIGHTS)
        name = self._moods.pop()
        self._deployed.behave(**(WELL | MOODS[name]))
        self.told.faults[f"destination: {name}"] += 1

    def _kill(self) -> None:
        """Kills a worker that has just been at work, if there is one, and if the machine gets on in spite of it."""
        calls, now = sum(sum(self._deployed.books(feed)["calls"].values()) for feed in FEEDS), time.monotonic()
        if calls == self._calls and now < self._killed_at + STANDSTILL * self._slow:
            return
        was, self._busy = self._busy, {}
        at_work: list[tuple[str, psutil.Process]] = []
        for name, several in workers(self._deployed.world).items():
            for worker in several:
                with suppress(psutil.NoSuchProcess):
                    spent = worker.cpu_times()
                    self._busy[worker.pid] = spent.user + spent.system
                    # One that still starts has no connections; MiniStack would end those beside it as well.
                    if was.get(worker.pid, 1e9) < self._busy[worker.pid] and worker.net_connections("tcp"):
                        at_work.append((name, worker))
        if at_work:
            name, worker = self._rng.choice(at_work)
            with suppress(psutil.NoSuchProcess):
                worker.kill()
                self.told.faults[f"{name} killed"] += 1
                self._killed_at, self._calls = now, calls

    def _look(self) -> None:
        """The prober and the sweeper look, beside everything else, unless they have not ended the last time."""
        if _is_done(self._probing):
            self._probing = self._aside.submit(self._look_now)

    def _look_now(self) -> None:
        functions = self._deployed.client("lambda")
        # The world may end in the middle of it.
        with suppress(BotoCoreError):
            for feed in FEEDS:
                self._deployed.hurry_probe(killed=True, feed=feed)
        for function, at in (("Prober", "circuits"), ("Sweeper", "work")):
            # Either may be killed at it, be at it already, or be replaced by a deploy.
            with suppress(functions.exceptions.ClientError, BotoCoreError):
                name = self._deployed.outputs[f"{function}FunctionName"]
                functions.invoke(FunctionName=name, Payload=json.dumps({"look": at}))

    # -- deploys, and the end of the world

    def _deploy_another(self) -> None:
        self._say("another release is being deployed")
        template = other_release(self._home / "other")
        more = {"ValidatorMaximumConcurrency": "3", "ValidatorReservedConcurrency": "3"}
        local_world.up(home=self._home / "world", template=template, parameters=more)
        self._has_deployed("another release")

    def _roll_back(self) -> None:
        self._say("the release before is being deployed")
        local_world.up(home=self._home / "world")
        self._has_deployed("the release before")

    def _has_deployed(self, what: str) -> None:
        self._shorten()
        self.told.faults[f"deployed: {what}"] += 1
        self._say(f"{what} is deployed")

    def _shorten(self) -> None:
        shorten(self._deployed, {name: min(900, round(seconds * self._slow)) for name, seconds in TIMEOUTS.items()})

    def _restart(self) -> None:
        self._say("the world ends, and comes back")
        local_world.restart(self._home / "world")
        self._busy.clear()
        self.told.faults["world restarted"] += 1

    # -- the end

    def _end(self) -> None:
        """Returns once everything has come to its end; what died is sent back, and what is unknown is asked for."""
        began, deployed = time.monotonic(), self._deployed
        deployed.behave(**WELL)
        while waiting := [file for _, file in self.told.files if not self._has_ended(file)]:
            if time.monotonic() > began + PATIENCE * self._slow:
                raise TimeoutError(f"{len(waiting)} files have not ended: {[file.key for file in waiting][:5]}")
            self._look_now()
            if dead := deployed.dead_letters():
                self.told.dead_lettered += sum(dead.values())
                deployed.typed("redrive", "--force")
            for file in waiting:
                self._decide(file)
            time.sleep(1.0)
        deployed.idle()

    def _has_ended(self, file: File) -> bool:
        """Whether a file is settled, nothing of it is missing, and nobody is in doubt about any of it."""
        row = self._deployed.row(file)
        if row is None or row.state is not FileState.SETTLED:
            return False
        report = json.loads(self._deployed.output(file, "summary.json") or b"{}")
        records = report.get("records", {})
        return bool(report) and not records["dead"] and not records["unknown"]

    def _decide(self, file: File) -> None:
        """Asks the destination's books about what is unknown, says so, and replays what they do not have."""
        deployed = self._deployed
        for chunk in deployed.chunks(file):
            for batch in deployed.batches(file, chunk.span.chunk):
                if batch.state is not BatchState.UNKNOWN:
                    continue
                has = self._has(file, chunk.span.chunk, batch.generation, batch.ordinals)
                batch_id = ids.batch_id(file.file_id, chunk.span.chunk, batch.number)
                said = "--delivered" if has else "--not-delivered"
                if deployed.typed("unknown", "resolve", batch_id, said, "--note", "by its books").code == 0:
                    self.told.decided["delivered" if has else "not delivered"] += 1
        row = deployed.row(file)
        if row and row.state is FileState.SETTLED and row.counted[Outcome.DEAD] and not row.chunks_dead:
            deployed.typed("replay", "--file", file.file_id, "--yes", "--timeout", "30")

    def _has(self, file: File, chunk: int, generation: int, ordinals: tuple[int, ...]) -> bool:
        body = self._deployed.work(ids.work_key(file.file_id, chunk, "accepted", generation)) or b""
        payloads = [
            json.loads(one.payload)
            for one in load_accepted(part_of(body, "accepted") or b"")
            if one.ordinal in ordinals
        ]
        feed = file.key.split("/")[0]
        there = contents(self._deployed.applied(feed))
        return all(there[content(payload)] for payload in payloads)


def _is_done(work: Future[None] | None) -> bool:
    """Whether a piece of work that was begun has ended; what it raised is raised here."""
    if work is None or not work.done():
        return work is None
    work.result()
    return True


TRACES = {feed.trace for feed in FEEDS.values() if feed.trace} | {"soak_trace"}


def content(record: dict[str, Any]) -> str:
    """A record without its trace, which is another for each drop."""
    return json.dumps({name: value for name, value in record.items() if name not in TRACES}, sort_keys=True)


def contents(records: list[dict[str, Any]]) -> Counter[str]:
    """How often the destination has which content."""
    return Counter(map(content, records))


def figures(deployed: Deployed, told: Told) -> dict[str, Any]:
    """The soak in numbers."""
    lost, doubled, calls, faults = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    wanted = Counter[str]()
    for sample in {sample.name + sample.feed: sample for sample, _ in told.files}.values():
        wanted[sample.feed] += sample.wanted
    for feed in FEEDS:
        there = contents(deployed.applied(feed))
        lost[feed], doubled[feed] = wanted[feed] - len(there), there.total() - len(there)
        books = deployed.books(feed)
        calls.update(books["calls"] | {"from its keys": books["replayed_answers"]})
        faults.update(books["faults"] | {"lost_answers": books["lost_answers"]})
    reports = [json.loads(deployed.output(file, "summary.json") or b"{}") for _, file in told.files]
    records = Counter[str]()
    for report in reports:
        records.update(report["records"])
    return {
        "seconds of storm": round(told.seconds),
        "seconds until all had ended": round(told.drained_seconds),
        "files": len(told.files),
        "records": dict(records),
        "faults": dict(sorted(told.faults.items())),
        "messages dead-lettered and redriven": told.dead_lettered,
        "unknown batches, decided by the books": dict(told.decided),
        "calls of the destination": dict(sorted(calls.items())),
        "faults by the destination's books": dict(sorted(faults.items())),
        "not shown": [name for name in SHOWN if not faults[name]]
        + [f"{name} killed" for name in KILLED if not told.faults[f"{name} killed"]],
        "wanted": dict(wanted),
        "lost": dict(lost),
        "doubled": dict(doubled),
        "balanced": sum(report["balanced"] is True for report in reports),
    }
