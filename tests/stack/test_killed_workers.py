"""Real workers are killed, and nothing is lost or doubled.

In a world of its own, whose waits are shorter.
"""

from collections.abc import Iterator

import pytest
from rich.console import Console

from penstock.model.findings import Outcome
from tests.stack.kills import Storm, applied, figures, morning, reports, strict_world
from tests.support.deployed import Deployed

SEED, FILES = 35, 16
TAKEN = 6  #: messages from workers that are killed with them
SECONDS = 90.0  #: that this may take at the most


@pytest.fixture
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with strict_world(tmp_path_factory.mktemp("strict")) as deployed:
        yield deployed


@pytest.mark.prove
def test_workers_are_killed_and_nothing_is_lost_and_nothing_doubled(strict: Deployed) -> None:
    # When
    night = Storm(strict, SEED, FILES).rage(SECONDS, enough=TAKEN)
    morning(strict, night)

    # Expect
    told = figures(strict, night)
    Console().print_json(data=told)
    assert night.in_hand >= TAKEN, told
    assert night.notices_doubled > 0, told
    assert strict.books()["lost_answers"] > 0, told
    assert applied(strict, night) == night.wanted, told
    assert strict.books()["applied_more_than_once"] == 0
    ends = reports(strict, night)
    assert all(end["balanced"] for end in ends)
    for end in ends:
        assert end["records"]["received"] == sum(end["records"][outcome] for outcome in map(str, Outcome)), end
        assert end["records"]["unknown"] == end["records"]["dead"] == end["records"]["held"] == 0, end
    assert sum(end["records"]["delivered"] for end in ends) == night.wanted.total()
    assert strict.dead_letters() == {}
