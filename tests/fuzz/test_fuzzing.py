"""A second of the fuzzer for each target; and what is done with an input that it finds."""

import pytest

from tests.fuzz import fuzzing
from tests.fuzz.__main__ import finding
from tests.fuzz.shrinking import fault_of, shrunk
from tests.fuzz.targets import TARGETS
from tests.fuzz.watchdog import TooSlow, watched

SECONDS = 1  #: `make prove` takes half an hour
SEED = 1  #: the gate judges a commit, not its luck: `make fuzz` looks for what is new


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_is_found_that_breaks_the_law(name: str) -> None:
    run = fuzzing.fuzzed(name, SECONDS, SEED)

    assert run.found is None, "\n".join(finding(name, run))
    assert run.executions > len(TARGETS[name].files)
    assert run.coverage


def test_where_there_is_no_fuzzer_it_fails_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "RUNS_HERE", False)

    with pytest.raises(RuntimeError, match="x86-64 only"):
        fuzzing.fuzzed(next(iter(TARGETS)), 1)


def break_at_two_quotes(data: bytes) -> None:
    assert data.count(b'"') < 2, "two quotes"


def test_a_found_input_is_made_short() -> None:
    assert shrunk(break_at_two_quotes, b'some,"long"\r\n,"input"' * 20) == b'""'
    assert fault_of(break_at_two_quotes, b'"') is None


def test_an_input_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(TooSlow), watched(0.05):
        all(True for _ in range(10**12))
