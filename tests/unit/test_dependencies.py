"""What the layers carry: its licences, and the page that lists them."""

import pytest

from tests.support.dependencies import ALLOWED, LAYERS, ROOT, identifiers, licence, lines, locked

PAGE = ROOT / "docs" / "dependencies.md"


def test_every_layer_is_looked_at() -> None:
    locks = [*(ROOT / "layers").glob("*/requirements.txt"), *(ROOT / "scripts").glob("*/requirements.txt")]

    assert {path.parent.relative_to(ROOT).as_posix() for path in locks} == set(LAYERS.values())


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_carries_only_what_anybody_may_pass_on(layer: str) -> None:
    refused = {package: licence(package) for package in locked(layer) if not identifiers(licence(package)) <= ALLOWED}

    assert refused == {}


def test_the_layers_agree_on_the_versions_they_share() -> None:
    ours, theirs = locked("penstock"), locked("documents")

    assert {name: ours[name] for name in ours.keys() & theirs} == {name: theirs[name] for name in ours.keys() & theirs}


def test_the_page_has_what_is_locked() -> None:
    """Where it has not: `python -m tests.support.dependencies` prints the table."""
    table = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]

    assert table == list(lines())
