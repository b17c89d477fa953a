"""What the looks take of AWS that find nothing to do, counted where it arrives: what `penstock cost --idle` has."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest

from penstock_ops.operate import idle
from tests.events.conftest import Functions, Mapping, Stack, Tell
from tests.events.driving import Through
from tests.support.counted import Counted, counting
from tests.support.emulators import template

LOOKS = [
    (one.function.removesuffix("Function").lower(), one.event)
    for one in template().schedules()
    if one.function != "NotifierFunction"
]


@pytest.fixture
def counted(stack: Stack) -> Iterator[Counted]:
    with counting(stack.emulator.endpoint) as counted:
        yield counted


@pytest.fixture
def functions(stack: Stack, counted: Counted) -> Iterator[Functions]:
    through: Any = Through(stack, replace(stack.emulator, endpoint=counted.url, _clients={}))
    functions = Functions(through)
    yield functions
    functions.close()


def test_a_look_that_finds_nothing_takes_what_is_reckoned_with(
    functions: Functions, stack: Stack, counted: Counted, told: Tell
) -> None:
    Mapping(stack)
    metrics: set[str] = set()
    for stage, event in LOOKS:
        functions.call(stage, event)  # the first finds the settings, and switches the mappings on
        told()
        counted.numbers.clear()
        functions.call(stage, event)

        expected = asdict(idle.LOOKS[stage, event["look"]])
        assert dict(counted.numbers) == {name: number for name, number in expected.items() if number}, (stage, event)
        said = told()
        assert len(said.raw) < idle.LINES, "and Lambda has its own lines"
        metrics |= {name for _, values in said.metrics for name in values}
    assert metrics == set(idle.METRICS)
    assert len(LOOKS) == len(idle.LOOKS)
