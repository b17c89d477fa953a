"""R20: every message is sent exactly once, or the sender knows that it was not."""

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.io.sending import calls, send_all
from penstock.model.errors import Transient
from penstock.ports.queue import Outgoing
from penstock_testing.memory import MemoryClock

MOST_ENTRIES, MOST_BYTES = 10, 1024 * 1024


class Forgetful:
    """A queue that does not take the entries its script says, call by call, and everything after that."""

    def __init__(self, refusals: Sequence[Sequence[int]] = ()) -> None:
        self.script = list(refusals)
        self.taken: list[str] = []
        self.calls = 0

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        assert 1 <= len(messages) <= MOST_ENTRIES
        assert sum(len(message.body.encode()) for message in messages) <= MOST_BYTES
        self.calls += 1
        failed = [place for place in (self.script.pop(0) if self.script else ()) if place < len(messages)]
        self.taken += [message.body for place, message in enumerate(messages) if place not in failed]
        return failed

    async def hold_back(self, receipt: str, seconds: float) -> None:
        raise AssertionError("a sender receives nothing")


def messages_of(bodies: Sequence[str]) -> list[Outgoing]:
    return [Outgoing(body, group="traffic") for body in bodies]


async def send(queue: Forgetful, bodies: Sequence[str]) -> None:
    await send_all(queue, messages_of(bodies), MemoryClock(), random.Random(0))


refusals = st.lists(st.lists(st.integers(0, 9), unique=True, max_size=10), max_size=4)


@settings(deadline=None)
@given(st.integers(0, 45), refusals)
async def test_every_message_is_sent_exactly_once_though_the_queue_takes_only_some(
    number: int, refused: list[list[int]]
) -> None:
    bodies = [str(at) for at in range(number)]
    queue = Forgetful(refused)
    await send(queue, bodies)
    assert sorted(queue.taken, key=int) == bodies


@given(st.integers(0, 45))
async def test_order_is_kept(number: int) -> None:
    bodies = [str(at) for at in range(number)]
    queue = Forgetful()
    await send(queue, bodies)
    assert queue.taken == bodies
    assert queue.calls == -(-number // MOST_ENTRIES)


async def test_what_is_never_taken_is_raised() -> None:
    queue = Forgetful([[3]] + [[0]] * 20)
    with pytest.raises(Transient, match="1 of 10 messages"):
        await send(queue, [str(at) for at in range(25)])
    assert "3" not in queue.taken
    assert 3 <= queue.calls <= 10


async def test_a_call_that_fails_altogether_is_raised() -> None:
    class Broken(Forgetful):
        async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
            raise Transient("throttled")

    with pytest.raises(Transient, match="throttled"):
        await send(Broken(), ["a"])


async def test_waiting_between_attempts_takes_time() -> None:
    clock = MemoryClock()
    await send_all(Forgetful([[0], [0], [0]]), messages_of(["a"]), clock, random.Random(1))
    assert clock.now() > MemoryClock().now()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([1, 1000, 200_000, 524_000, 1_000_000]), max_size=25), st.sampled_from(["a", "é", "𝄞"]))
def test_calls_are_packed_by_count_and_encoded_bytes(sizes: list[int], letter: str) -> None:
    width = len(letter.encode())
    bodies = [letter * (size // width) for size in sizes]
    packed = list(calls(messages_of(bodies)))
    # Expect all of them, in order
    assert [message.body for call in packed for message in call] == bodies
    # within both limits
    weights = [[len(message.body.encode()) + len(message.group.encode()) for message in call] for call in packed]
    assert all(1 <= len(call) <= MOST_ENTRIES and sum(call) <= MOST_BYTES for call in weights)
    # and never in more calls than that takes
    for call, after in itertools.pairwise(weights):
        assert len(call) == MOST_ENTRIES or sum(call) + after[0] > MOST_BYTES


async def test_nothing_to_send_is_no_call() -> None:
    queue = Forgetful()
    await send(queue, [])
    assert queue.calls == 0
