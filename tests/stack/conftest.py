"""One local world for the whole suite: beside a developer's own, and gone at the end."""

from collections.abc import Iterator

import pytest

from penstock_ops import world as local_world
from penstock_ops.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("world")
    try:
        yield local_world.up(home=home, port=0)
    finally:
        local_world.down(home)
