"""When a function makes what it needs, and that nothing of it survives a snapshot (SnapStart)."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from snapshot_restore_py import get_after_restore, get_before_snapshot

from penstock.adapters import composed
from penstock.adapters.composed import ComposedFunction


@dataclass
class Connection:
    """Something that is open, with random numbers of its own."""

    rng: random.Random = field(default_factory=random.Random)
    open: bool = True


class Function(ComposedFunction[Connection]):
    """Says what it works with."""

    def __init__(self, stage: str = "composed") -> None:
        super().__init__(stage, "File", compose)

    def __call__(self) -> Connection:
        return self._ready()[1]

    @property
    def is_made(self) -> bool:
        return self._made is not None

    def end(self) -> None:
        if self._made:
            self._made[0].close()


@asynccontextmanager
async def connected() -> AsyncGenerator[Connection]:
    connection = Connection()
    yield connection
    connection.open = False


async def compose(stack: AsyncExitStack) -> Connection:
    return await stack.enter_async_context(connected())


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Function]]:
    """Loads the function as Lambda would."""
    monkeypatch.setattr(composed, "Telemetry", lambda *_: None)
    monkeypatch.setattr(composed, "collect_seldom", lambda: None)  # the tests' own process goes on as it was
    monkeypatch.setattr(asyncio, "set_event_loop", lambda _: None)  # the tests' own stays
    started: list[Function] = []

    def load(stage: str = "composed", **environment: str) -> Function:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        started.append(Function(stage))
        return started[-1]

    yield load
    for one in started:
        one.end()
    get_before_snapshot().clear()
    get_after_restore().clear()


def run(hooks: list[Any]) -> None:
    """As Lambda's runtime does."""
    for hook, arguments, named in hooks:
        hook(*arguments, **named)


def test_it_is_made_while_lambda_loads_it(start: Callable[..., Function]) -> None:
    assert start(_HANDLER="composed.handler.handler").is_made


def test_to_load_it_does_nothing_elsewhere_nor_where_lambda_loads_another(start: Callable[..., Function]) -> None:
    assert not start().is_made
    assert not start("composed", _HANDLER="composing.handler.handler").is_made


def test_the_collector_looks_seldom_once_all_is_made_and_nowhere_else(
    start: Callable[..., Function], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(composed, "collect_seldom", lambda: told.append("seldom"))

    start()
    assert not told
    start(_HANDLER="composed.handler.handler")
    assert told == ["seldom"]


def test_it_is_made_once(start: Callable[..., Function]) -> None:
    function = start()
    assert function() is function()


def test_nothing_of_it_survives_a_snapshot(start: Callable[..., Function]) -> None:
    # Given
    function = start(_HANDLER="composed.handler.handler", AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    before = function()

    # When
    run(get_before_snapshot())
    assert not function.is_made
    assert not before.open
    random.seed(1)  # what all that are restored have in common
    run(get_after_restore())

    # Expect
    assert function.is_made
    assert function().open
    assert function().rng.random() != before.rng.random()
    assert random.random() != random.Random(1).random()


def test_without_snapshots_there_are_no_hooks(start: Callable[..., Function]) -> None:
    start(_HANDLER="composed.handler.handler", AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")
    assert not get_before_snapshot()
    assert not get_after_restore()
