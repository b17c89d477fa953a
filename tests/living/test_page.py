"""docs/living.md, typed block by block on a local world of its own, as one story: upgrade and back, restore, move, take
down. After each the same records are dropped again, and never applied again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock_ops import world as local_world
from penstock_ops.world import World, project
from penstock_ops.world.stack import Stack
from tests.soak.others import CHANGES, PARTS
from tests.support.deployed import QUICK, Deployed, File, counts, until
from tests.support.living import Block, blocks_of
from tests.support.spots import csv_file, spot

PAGE = project.ROOT / "docs/living.md"
BLOCKS = blocks_of(PAGE)
#: As the page's last table has it: what the local world has no way for, by how the line begins.
NOT_HERE = ("make setup", "aws s3 rb s3://$DROP", "aws s3 rb s3://$ARCHIVE")
RECORDS = 30
SPOTS = csv_file(spot(at, **({"isci": "?"} if at == 4 else {})) for at in range(RECORDS))
PATIENCE = 1200.0  #: seconds that a block may take: two of them deploy


def under(heading: str) -> list[Block]:
    """The page's blocks under a heading; "" are those before the first."""
    return [block for block in BLOCKS if block.heading == heading]


class Operator:
    """Somebody in a checkout, who types what a page says; each time in a shell that has typed the beginning."""

    def __init__(self, checkout: Path, home: Path, world: World) -> None:
        self._checkout, self.world = checkout, world
        shims = home / "bin"
        shims.mkdir()
        call = f'"{sys.executable}" -m tests.support.sam_of_the_world "{home}" "$PWD" "$@"'
        real = f'exec "{project.sam()}" "$@" --region "$AWS_DEFAULT_REGION"'
        script = f'#!/bin/sh\n[ "$1" != delete ] || {real}\nPYTHONPATH="{project.ROOT}" exec {call}\n'
        (shims / "sam").write_text(script)
        (shims / "sam").chmod(0o755)
        tools = [str(shims), str(Path(sys.executable).parent), str(project.sam().parent)]
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))},
            **world.environment,
            "PATH": os.pathsep.join([*tools, os.defpath, "/usr/bin"]),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_PAGER": "",
            "LANG": "C.UTF-8",
        }
        self.typed: list[str] = []

    def types(self, *blocks: Block, **names: str) -> str:
        """What the blocks print. `names` are those that the page leaves to whoever reads it.

        Raises:
            AssertionError: a command of theirs has failed.
        """
        (beginning,) = under("")
        lines = [line for block in blocks for line in block.lines if not line.startswith(NOT_HERE)]
        self.typed += [line for block in blocks for line in block.lines]
        script = "\n".join([*beginning.lines, *(f"{name}='{value}'" for name, value in names.items()), *lines])
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self._checkout,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ended.returncode == 0, f"{blocks}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
        return ended.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("living")


@pytest.fixture(scope="module")
def checkout(home: Path) -> Path:
    """A checkout of this release, with another one that it can be left for."""
    folder = home / "checkout"
    for name in (*PARTS, "samconfig.toml"):
        part = project.ROOT / name
        copy = shutil.copytree if part.is_dir() else shutil.copy
        folder.mkdir(exist_ok=True)
        copy(part, folder / name)

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)

    (folder / ".gitignore").write_text("__pycache__\n")
    git("init", "--initial-branch", "before")
    git("add", "--all")
    git("commit", "--message", "this release")
    git("checkout", "-b", "after")
    for name, words, others in CHANGES:
        source = (folder / name).read_text()
        assert source.count(words) == 1, name
        (folder / name).write_text(source.replace(words, others))
    git("commit", "--all", "--message", "another")
    git("checkout", "before")
    return folder


@pytest.fixture(scope="module")
def operator(home: Path, checkout: Path) -> Iterator[Operator]:
    try:
        here = local_world.up(home=home / "world", port=0)
        yield Operator(checkout, home / "world", here)
    finally:
        local_world.down(home / "world")


@pytest.fixture(scope="module")
def deployed(operator: Operator) -> Iterator[Deployed]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in operator.world.environment.items():
            environment.setenv(name, value)
        stack = Deployed(operator.world)
        stack.calm()
        stack.configure(**QUICK)
        yield stack
        stack.close()


@pytest.fixture(scope="module")
def first(deployed: Deployed) -> File:
    """What was delivered before any of it."""
    file = deployed.drop("first.csv", SPOTS)
    assert deployed.ended(file)["records"] == counts(RECORDS, rejected=1)
    return file


def is_known(deployed: Deployed, name: str) -> None:
    """The same records once more: none is applied again."""
    again = deployed.drop(name, SPOTS)
    assert deployed.ended(again)["records"] == counts(RECORDS, rejected=1, duplicate=RECORDS - 1)
    assert deployed.books()["applied_more_than_once"] == 0


def test_the_page_says_what_cannot_be_done_here() -> None:
    table = PAGE.read_text().partition("## On the local world")[2]
    assert all(f"`{line}`" in table for line in NOT_HERE)
    assert "`sam build`, `sam deploy`" in table


def test_the_beginning_names_what_the_stack_is_made_of(operator: Operator, deployed: Deployed) -> None:
    shown = Block("", ("echo $LEDGER $CLAIMS $DROP $WORK $ARCHIVE",))
    names = ("LedgerTable", "ClaimsTable", "DropBucket", "WorkBucket", "ArchiveBucket")
    assert operator.types(shown).split() == [deployed.outputs[name] for name in names]


def test_an_upgrade_and_a_rollback_take_up_what_is_on_its_way(
    operator: Operator, deployed: Deployed, first: File
) -> None:
    # Given a file of which a chunk waits to be delivered
    deployed.switch("Dispatcher", deployed.queue("traffic"), on=False)
    waiting = deployed.drop("waiting.csv", csv_file(spot(at) for at in range(1000, 1100)))
    until(lambda: [chunk.state for chunk in deployed.chunks(waiting)] == ["validated"], "a validated chunk")
    # When
    (upgrade,), (back, again) = under("Upgrade"), under("Roll back")
    assert "wrong_settings" not in operator.types(upgrade, RELEASE="after")
    deployed.switch("Dispatcher", deployed.queue("traffic"), on=True)
    assert deployed.ended(waiting)["records"] == counts(100)
    by_the_newer = deployed.drop("newer.csv", csv_file(spot(at) for at in range(2000, 2200)))
    assert deployed.ended(by_the_newer)["records"] == counts(200)
    assert "soak_trace" in deployed.applied()[-1], "it is the other release"
    operator.types(back, RELEASE_BEFORE="before")
    # Expect
    told = operator.types(again, FILE_ID=first.file_id, REASON="schema.pattern")
    assert "to be replayed: 1 rejected records, in 1 chunks" in told
    by_the_older = deployed.drop("older.csv", csv_file(spot(at) for at in range(3000, 3200)))
    assert deployed.ended(by_the_older)["records"] == counts(200)
    assert "soak_trace" not in deployed.applied()[-1]
    is_known(deployed, "after-the-rollback.csv")


def test_a_restore_brings_back_what_was_lost(operator: Operator, deployed: Deployed, first: File) -> None:
    stop, restore, adopt, go_on = under("Restore")
    # Given a stack that stands still
    operator.types(stop)
    assert not deployed.polls("Dispatcher", deployed.queue("traffic"))
    # When its tables are lost, as the page's restore gives what was there before
    operator.types(restore, MOMENT="2026-11-29T03:00:00Z")
    for table in ("LedgerTable", "ClaimsTable"):
        empty(deployed, deployed.outputs[table])
    assert deployed.row(first) is None
    told = operator.types(adopt)
    operator.types(go_on)
    # Expect
    assert "rows would be copied" in told
    assert "rows copied" in told
    row = deployed.row(first)
    assert row
    assert sum(row.counted.values()) == RECORDS
    assert deployed.polls("Dispatcher", deployed.queue("traffic"))
    is_known(deployed, "after-the-restore.csv")


def empty(deployed: Deployed, table: str) -> None:
    """Somebody deletes what a table holds."""
    dynamodb = deployed.client("dynamodb")
    keys = [one["AttributeName"] for one in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    pages: Sequence[Any] = list(dynamodb.get_paginator("scan").paginate(TableName=table))
    for item in [item for page in pages for item in page["Items"]]:
        dynamodb.delete_item(TableName=table, Key={key: item[key] for key in keys})


def test_a_new_stack_knows_what_the_old_one_has_delivered(operator: Operator, deployed: Deployed, first: File) -> None:
    # When
    deploy, *steps = under("Move to a new stack")
    operator.types(deploy)
    *_, drop_bucket = [operator.types(step, NEW="penstock-2") for step in steps]
    # Expect
    outputs = Stack("penstock-2", operator.world.endpoint).outputs()
    moved = Deployed(replace(operator.world, stack="penstock-2", outputs=outputs))
    assert drop_bucket.strip() == moved.outputs["DropBucket"]
    is_known(moved, "after-the-move.csv")
    told = moved.penstock("explain", first.file_id, "4", "--json").json
    assert (told["outcome"], told["key"]) == ("rejected", first.key)
    moved.close()


def test_what_is_taken_down_leaves_what_people_have_put_in_until_it_is_deleted(
    operator: Operator, deployed: Deployed
) -> None:
    # In one shell: it asks the stack what it is made of before that is gone.
    operator.types(*under("Take down"))
    # Expect
    functions = deployed.client("lambda").list_functions()["Functions"]
    assert not [one["FunctionName"] for one in functions if one["FunctionName"].startswith("penstock-dispatcher")]
    tables = deployed.client("dynamodb").list_tables()["TableNames"]
    assert {deployed.outputs["LedgerTable"], deployed.outputs["ClaimsTable"]}.isdisjoint(tables)
    buckets = [one["Name"] for one in deployed.client("s3").list_buckets()["Buckets"]]
    assert deployed.outputs["WorkBucket"] not in buckets
    assert deployed.outputs["ArchiveBucket"] in buckets


def test_nothing_on_the_page_was_left_out(operator: Operator) -> None:
    left = [line for block in BLOCKS if block.heading for line in block.lines if line not in operator.typed]
    assert left == []
