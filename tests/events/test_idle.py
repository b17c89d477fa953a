"""What the looks take of AWS that find nothing to do, counted where it arrives: what `penstock cost --idle` has."""

from dataclasses import asdict

from penstock_ops.operate import idle
from tests.events.conftest import Functions, Mapping, Stack, Tell
from tests.events.driving import counted as counted
from tests.events.driving import functions as functions
from tests.support.counted import Counted
from tests.support.emulators import template

LOOKS = [
    (one.function.removesuffix("Function").lower(), one.event)
    for one in template().schedules()
    if one.function != "NotifierFunction"
]


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
