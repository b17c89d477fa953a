"""The words of the glossary are the code's, each once."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "glossary.md"
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
TERMS = {word: re.findall(r"`([^`]+)`", code) for word, code in ROWS if word not in ("word", "---")}


#: Classes of the model that are no words, and why.
NO_WORDS = {"PenstockError": "the root of the errors, which nobody raises"}


@cache
def names() -> frozenset[str]:
    """What the code has a name for: packages, modules, classes, functions, fields, constants, types; the members of a
    class also with its name before."""
    found = set[str]()
    for path in (*(ROOT / "layers/penstock/penstock").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")):
        found |= {path.stem, path.parent.name}
        found |= _names_in(ast.parse(path.read_text(encoding="utf-8")).body)
    return frozenset(found)


def _names_in(body: list[ast.stmt]) -> set[str]:
    found = set[str]()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            members = _names_in(node.body)
            found |= {node.name} | members | {f"{node.name}.{member}" for member in members}
        elif isinstance(node, ast.TypeAlias):
            found.add(node.name.id)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize("word", TERMS)
def test_the_code_has_the_word(word: str) -> None:
    assert TERMS[word], "every word says where the code has it"
    assert [name for name in TERMS[word] if name not in names()] == []


def test_each_word_stands_there_once() -> None:
    words = Counter(word for word, _ in ROWS if word not in ("word", "---"))

    assert [word for word, times in words.items() if times > 1] == []


def test_every_class_of_the_model_is_a_word() -> None:
    modules = set((ROOT / "layers/penstock/penstock/model").glob("*.py"))
    # Events are for others, who have docs/reference.md.
    modules -= {ROOT / "layers/penstock/penstock/model/events.py"}
    model = [ast.parse(path.read_text(encoding="utf-8")) for path in modules]
    classes = {node.name for tree in model for node in tree.body if isinstance(node, ast.ClassDef)}
    public = {name for name in classes if not name.startswith("_")}

    assert public - {name for code in TERMS.values() for name in code} == set(NO_WORDS)


def test_there_are_words() -> None:
    """The test of the test."""
    assert len(TERMS) > 50
    assert {"Outcome.HELD", "FileRow", "OutcomeLine", "penstock_testing", "completion"} <= names()
    assert "Outcome.LOST" not in names()
