"""A destination that is down for long: it is left alone, nothing is given up, and all of it arrives once it is back."""

from collections import Counter

from tests.support.deployed import Deployed, counts, until
from tests.support.spots import csv_file, spot

STATION = "K-CIRCUIT"
FILES, RECORDS = 3, 300
PROBES = 10  #: until one finds a chunk that nobody else has


def test_a_dead_destination_is_left_alone_and_gets_everything_once_it_is_back(undisturbed: Deployed) -> None:
    # Given
    queue, said = undisturbed.queue("traffic"), len(undisturbed.audited())
    undisturbed.behave(mode="status", status=503)
    files = [
        undisturbed.drop(f"circuit-{file}.csv", csv_file([_spot(file, number) for number in range(RECORDS)]))
        for file in range(FILES)
    ]

    # When
    until(lambda: not undisturbed.polls("Dispatcher", queue), "a mapping that is switched off")
    until(lambda: not undisturbed.messages(queue, "NotVisible"), "the end of what was under way")
    until(lambda: undisturbed.messages(queue, ""), "a message that a probe can take")

    # Expect
    calls, probes = undisturbed.calls(), 0
    while undisturbed.calls() == calls and probes < PROBES:
        # One that meets a chunk which is still leased calls nobody.
        undisturbed.hurry_probe()
        probes += 1
    assert undisturbed.is_open()
    assert 1 <= undisturbed.calls() - calls <= probes + 1, "a probe is one call; the clock's may have come in between"
    assert not undisturbed.polls("Dispatcher", queue)
    assert undisturbed.dead_letters() == {}

    # When
    undisturbed.calm()
    undisturbed.recover()

    # Expect
    assert undisturbed.polls("Dispatcher", queue)
    for file in files:
        assert undisturbed.ended(file)["records"] == counts(RECORDS)
    applied = Counter(record["spot_id"] for record in undisturbed.applied() if record["station"] == STATION)
    assert applied == Counter(_spot(file, number)["spot_id"] for file in range(FILES) for number in range(RECORDS))
    changes = [audit["what"] for audit in undisturbed.audited()[said:]]
    assert changes[0] == "CircuitOpened"
    assert changes[-1] == "CircuitClosed"


def _spot(file: int, number: int) -> dict[str, str]:
    return spot(file * RECORDS + number, station=STATION)
