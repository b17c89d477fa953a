"""What `penstock status` says of a circuit, and when nothing is sent again."""

import pytest

from penstock.model.messages import SourceFile
from penstock_ops.operate.circuits import NotClosed, circuits_of, described, destination_of, ensure_closed
from penstock_testing.throttle import MemoryThrottle

NOW = 1_795_262_400.0  # 2026-11-21, noon


async def test_a_closed_circuit_has_nothing_to_tell() -> None:
    (row,) = await circuits_of(MemoryThrottle(), ["traffic"])
    assert described(row, NOW) == {"circuit": "closed"}
    await ensure_closed(MemoryThrottle(), ["traffic"])


async def test_an_open_one_says_since_when_why_and_when_it_is_probed() -> None:
    throttle = MemoryThrottle()
    await throttle.trip("traffic", NOW, NOW + 30, "the destination answered 503")

    crew, traffic = await circuits_of(throttle, ["traffic", "crew"])

    assert (crew.feed, traffic.feed) == ("crew", "traffic")
    assert described(traffic, NOW) == {
        "circuit": "open",
        "opened_at": "2026-11-21T12:00:00Z",
        "why": "the destination answered 503",
        "failed_probes": 0,
        "next_probe": "2026-11-21T12:00:30Z",
    }


async def test_neither_does_a_probe_make_it_younger_nor_is_the_next_one_ever_past() -> None:
    throttle = MemoryThrottle()
    await throttle.trip("traffic", NOW, NOW + 30, "the destination answered 503")
    await throttle.begin_probe("traffic", NOW + 30, 300)
    await throttle.end_probe("traffic", NOW + 31, NOW + 91)

    (row,) = await circuits_of(throttle, ["traffic"])

    told = described(row, NOW + 100)
    assert (told["opened_at"], told["next_probe"]) == ("2026-11-21T12:00:00Z", "2026-11-21T12:01:40Z")


async def test_a_half_open_one_is_not_closed() -> None:
    throttle = MemoryThrottle()
    await throttle.trip("traffic", NOW, NOW, "the destination answered 503")
    await throttle.begin_probe("traffic", NOW, 300)

    (row,) = await circuits_of(throttle, ["traffic"])

    assert described(row, NOW)["probe_ends"] == "2026-11-21T12:05:00Z"
    with pytest.raises(NotClosed, match="the circuit of traffic is half-open"):
        await ensure_closed(throttle, ["crew", "traffic"])


async def test_what_waits_for_a_lanes_own_destination_is_not_sent_again_and_is_told_how_it_is_tried() -> None:
    throttle = MemoryThrottle()
    await throttle.trip("tower/north", NOW, NOW, "the destination answered 503")
    north, south = (
        SourceFile(feed="tower", bucket="b", key=f"tower/{zone}/TX-1/a.pdf", version_id="v", etag="e", size=1)
        for zone in ("north", "south")
    )
    lanes = {"tower/north"}

    await ensure_closed(throttle, [destination_of(south, lanes)])
    with pytest.raises(NotClosed, match=r"the circuit of tower/north is open.*`penstock probe tower --lane north`"):
        await ensure_closed(throttle, [destination_of(north, lanes)])


async def test_a_slow_one_says_how_slow_and_until_when() -> None:
    throttle = MemoryThrottle()
    await throttle.slow_down("traffic", NOW, 60)
    (row,) = await circuits_of(throttle, ["traffic"])

    assert described(row, NOW) == {"circuit": "closed", "times_slower": 2.0, "slower_until": "2026-11-21T12:01:00Z"}
    assert described(row, NOW + 61) == {"circuit": "closed"}
