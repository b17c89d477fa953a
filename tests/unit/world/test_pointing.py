"""A second `up` changes nothing that it was not told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from penstock_ops.world import lifecycle, processes
from penstock_ops.world.stack import Stack
from penstock_ops.world.state import Server, State

FEEDS = ("crew", "traffic")
ELSEWHERE = "https://api.example.com/records"


@dataclass
class Settings:
    """As `Destinations`, in a dictionary. `pointings` counts what was written."""

    kept: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FEEDS, "https://not-set.invalid/"))
    pointings: int = 0

    def urls(self) -> dict[str, str]:
        return dict(self.kept)

    def point(self, feed: str, url: str, auth: Mapping[str, str]) -> None:
        self.kept[feed] = url
        self.pointings += 1

    def keep_secret(self, name: str, value: Mapping[str, str]) -> str:
        return name


@dataclass
class Here:
    """A world that is brought up again and again."""

    home: Path
    settings: Settings = field(default_factory=Settings)
    started: int = 0
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = State(stack="penstock", ministack=self.server(4566))

    def server(self, port: int) -> Server:
        return Server(port=port, process=processes.Process(101, ("python",)))

    def start(self, options: Sequence[str], home: Path, log: Path) -> Server:
        self.started += 1
        return self.server(9000 + self.started)

    def up(self, urls: Mapping[str, str] | None = None) -> None:
        stack = Stack("penstock", "http://127.0.0.1:4566")
        self.settings.pointings = 0
        with_destinations: Any = lifecycle._with_destinations  # pyright: ignore[reportPrivateUsage]
        self.state = with_destinations(self.state, stack, urls or {}, (), self.home, self.home)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    here = Here(tmp_path)
    monkeypatch.setattr(processes.Process, "runs", lambda _: True)
    monkeypatch.setattr(lifecycle, "Destinations", lambda *_: here.settings)
    monkeypatch.setattr(Stack, "outputs", lambda _: {})
    monkeypatch.setattr(lifecycle.demo_destination, "start", here.start)
    return here


def test_the_first_points_every_feed_to_the_demo_api(here: Here) -> None:
    here.up()

    assert here.started == 1
    assert here.settings.kept == {feed: f"http://127.0.0.1:9001/feeds/{feed}/records" for feed in FEEDS}


def test_the_second_writes_nothing(here: Here) -> None:
    here.up()
    here.up()

    assert (here.started, here.settings.pointings) == (1, 0)


def test_what_was_told_once_stays_told(here: Here) -> None:
    here.up({"crew": ELSEWHERE})
    here.up()

    assert here.settings.kept["crew"] == ELSEWHERE
    assert here.settings.pointings == 0


def test_so_does_what_an_operator_has_set_since(here: Here) -> None:
    here.up()
    here.settings.kept["traffic"] = ELSEWHERE
    here.up({"crew": ELSEWHERE})

    assert here.settings.kept == dict.fromkeys(FEEDS, ELSEWHERE)
    assert here.settings.pointings == 1


def test_where_all_are_told_no_demo_api_is_started(here: Here) -> None:
    here.up(dict.fromkeys(FEEDS, ELSEWHERE))
    here.up()

    assert here.started == 0


def test_a_demo_api_that_has_ended_is_followed_to_its_next(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    here.up({"crew": ELSEWHERE})
    monkeypatch.setattr(processes.Process, "runs", lambda _: False)
    here.up()

    assert here.started == 2
    assert here.settings.kept == {"crew": ELSEWHERE, "traffic": "http://127.0.0.1:9002/feeds/traffic/records"}
