"""One local world for the whole suite, with the demo API behind it."""

from collections.abc import Iterator

import pytest

from tests.support.deployed import Deployed
from tests.support.deployed import deployed as deployed
from tests.support.deployed import world as world


@pytest.fixture
def undisturbed(deployed: Deployed) -> Iterator[Deployed]:
    """The stack; whatever the test does to it, no record is applied twice, and no message is given up."""
    deployed.forget_failures()
    yield deployed
    deployed.calm()
    deployed.recover()
    deployed.idle()
    assert deployed.books()["applied_more_than_once"] == 0
    assert deployed.dead_letters() == {}
