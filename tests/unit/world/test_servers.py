import socket
from collections.abc import Iterator

import pytest

from penstock_ops.world.servers import answers, free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_the_preferred_port_is_taken_when_it_is_free(taken_port: int) -> None:
    free = free_port()

    assert free != taken_port
    assert free_port(free) == free


def test_another_port_is_taken_when_somebody_has_the_preferred_one(taken_port: int) -> None:
    assert free_port(taken_port) not in (0, taken_port)


def test_nobody_answers_on_a_free_port() -> None:
    assert not answers(f"http://127.0.0.1:{free_port()}/")
