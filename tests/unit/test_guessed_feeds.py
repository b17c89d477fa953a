"""`penstock check` without --feed: the feed is known by the content, told, and never guessed in silence."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock.feeds import FEEDS
from penstock.formats.format import HEAD
from penstock.model.errors import Refused
from penstock_ops.check.recognition import Undecided, recognise
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.support.command import Run
from tests.support.command import run as run

KINDS = [
    (feed, kind)
    for feed, generator in SAMPLES.items()
    if not FEEDS[feed].documents  # which are known as such before anything is read of them
    for kind in generator.formats
]
HERE = Path("no-feed/file")


def sample(feed: str, kind: str, folder: Path, records: int = 40, faults: float = 0.0) -> Path:
    path = folder / f"sample.{kind}"
    with path.open("wb") as out:
        SAMPLES[feed].write(out, SampleOptions(records, kind, faults, 7, "canonical"), None)
    return path


@pytest.mark.parametrize("faults", [0.0, 0.5])
@pytest.mark.parametrize(("feed", "kind"), KINDS)
def test_every_sample_is_known_by_its_content(feed: str, kind: str, faults: float, tmp_path: Path) -> None:
    head = sample(feed, kind, tmp_path, faults=faults).read_bytes()[:HEAD]

    found = recognise(head, None, HERE, None)

    assert (found.feed.name, found.guessed) == (feed, "content")


@pytest.mark.parametrize(("feed", "kind"), KINDS)
def test_so_is_one_that_is_longer_than_its_head(feed: str, kind: str, tmp_path: Path) -> None:
    body = sample(feed, kind, tmp_path, records=2000).read_bytes()
    assert len(body) > HEAD

    assert recognise(body[:HEAD], None, HERE, None).feed.name == feed


def test_a_feed_that_is_named_is_not_guessed() -> None:
    found = recognise(b'{"x": 1}\n', "mro", HERE, None)

    assert (found.feed.name, found.guessed) == ("mro", "")


def test_the_folder_names_it_as_a_key_would(tmp_path: Path) -> None:
    found = recognise(b'{"x": 1}\n', None, tmp_path / "crew" / "x.ndjson", None)

    assert (found.feed.name, found.guessed) == ("crew", "folder")


def undecided() -> bytes:
    """Nothing that any feed has a field for."""
    return b"".join(json.dumps({}).encode() + b"\n" for _ in range(3))


def test_a_tie_is_asked_about() -> None:
    asked: list[Sequence[str]] = []

    def choose(feeds: Sequence[str]) -> str:
        asked.append(feeds)
        return feeds[-1]

    found = recognise(undecided(), None, HERE, choose)

    assert len(asked) == 1
    assert found.feed.name == asked[0][-1]


def test_where_nobody_can_be_asked_a_tie_is_an_error() -> None:
    with pytest.raises(Undecided, match=r"it may be a file of .* or .*: say which with --feed"):
        recognise(undecided(), None, HERE, None)


def test_what_no_feed_reads_is_refused() -> None:
    with pytest.raises(Refused):
        recognise(b"\x00\x01\x02", None, HERE, None)


def test_a_script_is_told_what_it_was_taken_for(tmp_path: Path, run: Run) -> None:
    path = sample("mro", "ndjson", tmp_path)

    said = run("check", path.name, "--json")
    told: dict[str, Any] = json.loads(said.out)

    assert (told["feed"], told["guessed"]) == ("mro", "content")
    assert "taken for mro by its content; --feed says otherwise" in said.err


def test_what_no_feed_takes_for_its_own_is_not_refused_in_the_name_of_one(tmp_path: Path, run: Run) -> None:
    (tmp_path / "x.csv").write_text("neither,here,nor,there\n1,2,3,4\n")

    said = run("check", "x.csv")

    assert said.code == 3
    assert "no feed reads it: `penstock check --feed NAME` says why one does not" in said.err


def test_a_script_that_has_a_tie_fails_in_one_sentence(tmp_path: Path, run: Run) -> None:
    (tmp_path / "x.ndjson").write_bytes(undecided())

    said = run("check", "x.ndjson")

    assert said.code == 3
    assert "say which with --feed" in said.err
