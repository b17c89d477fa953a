"""The requirements are in the repository: every number that is used, and every test that a requirement names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"
TEXT = PAGE.read_text(encoding="utf-8")

#: "R28", "R20 to R24"; "invariant 3", "Invariants 1, 3, 4" and "Invariants 1 to 4".
_REQUIREMENTS = re.compile(r"\bR(?P<numbers>\d+(?:(?:, | to | and )R\d+)*)\b")
_INVARIANTS = re.compile(r"\binvariants? (?P<numbers>\d+(?:(?:, | to | and )\d+)*)", re.IGNORECASE)
_TESTS = re.compile(r"`(?P<path>\w+/test_\w+\.py)(?:::(?P<test>test_\w+))?`")

#: Segments of X12 are called so, too.
_X12 = {"freight", "test_freight_x12.py", "interchanges.py"}


def sources() -> list[Path]:
    folders = ("layers", "functions", "scripts", "tests", "docs")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md")]
    return [
        path for path in found if path not in (PAGE, Path(__file__)) and not _X12 & set(path.relative_to(ROOT).parts)
    ]


def items() -> dict[str, str]:
    """What is required, by what it is called: "R28", "Invariant 3"."""
    parts = re.split(r"^- \*\*(R\d+|Invariant \d+)\.\*\* ", TEXT, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def numbers(pattern: re.Pattern[str], text: str) -> set[str]:
    return {number for found in pattern.finditer(text) for number in re.findall(r"\d+", found["numbers"])}


def called_in(text: str) -> set[str]:
    """The requirements and invariants that a text names."""
    required = {f"R{number}" for number in numbers(_REQUIREMENTS, text)}
    return required | {f"Invariant {number}" for number in numbers(_INVARIANTS, text)}


def test_each_has_a_number_of_its_own_and_none_is_left_out() -> None:
    named = re.findall(r"^- \*\*(R\d+|Invariant \d+)\.\*\*", TEXT, flags=re.MULTILINE)

    assert sorted(named) == sorted({*(f"R{one}" for one in range(1, 55)), *(f"Invariant {one}" for one in range(1, 9))})


def test_every_number_that_is_used_stands_on_the_page() -> None:
    unknown = {str(path.relative_to(ROOT)): called_in(path.read_text()) - items().keys() for path in sources()}

    assert {path: names for path, names in unknown.items() if names} == {}


def test_numbers_are_used() -> None:
    """The test of the test."""
    used = set[str]().union(*(called_in(path.read_text()) for path in sources()))

    assert {"R1", "R24", "R37", "Invariant 3", "Invariant 8"} <= used
    assert called_in("(R20 to R24, R99) and invariants 1, 3 and 17") >= {"R20", "R24", "R99", "Invariant 17"}


@pytest.mark.parametrize("page", ["testing.md", "requirements.md"])
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    named = list(_TESTS.finditer((ROOT / "docs" / page).read_text(encoding="utf-8")))

    assert named
    for found in named:
        path = ROOT / "tests" / found["path"]

        assert path.is_file(), found["path"]
        assert found["test"] is None or re.search(rf"\bdef {found['test']}\(", path.read_text()), found["test"]


def test_all_have_tests() -> None:
    assert {name for name, text in items().items() if not _TESTS.search(text)} == set()


def test_nothing_else_is_quoted_as_a_test() -> None:
    assert re.findall(r"`[^`]*test_[^`]*`", _TESTS.sub("", TEXT)) == []
