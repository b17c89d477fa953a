"""Receipts: what is proved to an auditor who has nothing but a key, and that whatever is changed is found."""

import ast
import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model import ids
from penstock.model.messages import SourceFile
from penstock.ports.heads import LoggedHead
from penstock_ops import verify_receipt
from penstock_ops.operate import replays
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.receipts import checkpoint_of, proof_since, receipt
from penstock_ops.operate.replays import Asked
from penstock_ops.verify_receipt import Unreadable, Wrong, verify
from penstock_testing.heads import LocalSigner, MemoryHeads
from tests.support.destination import Api, refusing
from tests.support.notarised import ORIGIN, Notary
from tests.support.operators import operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot


@pytest.fixture(autouse=True)
def chunks_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=4)))


#: Three chunks: the API refuses 1 and 5, the rules refuse 2, and 9 is 8 again.
LOG = [spot(at, **({"station": "KBAD"} if at in (1, 5) else {"isci": "?"} if at == 2 else {})) for at in range(9)]
BODY = csv_file([*LOG, LOG[8]])


@pytest.fixture
async def pipeline() -> Pipeline:
    return Pipeline(Api(refuses=refusing("station", "KBAD")))


@pytest.fixture
async def file(pipeline: Pipeline) -> SourceFile:
    """A file that has ended with three rejected records and a duplicate."""
    file = pipeline.drop(BODY)
    await pipeline.run()
    return file


@pytest.fixture
def notary(pipeline: Pipeline) -> Notary:
    return Notary(pipeline)


async def other_files(pipeline: Pipeline, number: int) -> None:
    """So many files more, which end."""
    for at in range(number):
        pipeline.drop(csv_file([spot(1000 + at)]), f"traffic/{at}.csv")
    await pipeline.run()


# -- what is proved ----------------------------------------------------------------------------------------------------


async def test_each_record_of_a_settled_file_has_a_receipt_that_says_how_it_ended(
    notary: Notary, file: SourceFile
) -> None:
    # When
    assert (await notary.looks())["AccountsLogged"] == 1

    # Expect
    receipts = [await receipt(notary.receipts, file.file_id, at) for at in range(10)]
    said = [verify(one, await notary.keys(), BODY) for one in receipts]
    ended = [match[1] for one in said if (match := re.search(r"ended as (\w+)", one))]
    assert ended == [
        "delivered",
        "rejected",
        "rejected",
        *["delivered"] * 2,
        "rejected",
        *["delivered"] * 3,
        "duplicate",
    ]


async def test_a_receipt_says_what_is_proved_and_what_is_not(notary: Notary, file: SourceFile) -> None:
    await notary.looks()

    said = verify(await receipt(notary.receipts, file.file_id, 8), await notary.keys(), BODY)

    raw = sha256(BODY.splitlines()[9]).hexdigest()
    answer = sha256(b'{"results": []}').hexdigest()
    assert said.splitlines() == [
        f"{ORIGIN}/traffic has signed that the file traffic/spots.csv (version v1) of 10 records was settled at"
        " 2027-01-15T08:00:00.000+00:00: 6 delivered, 1 duplicate, 3 rejected. This is account 3 of the file"
        f" {file.file_id}, number 0 of 1 in the log.",
        f"Record 8 of it, whose bytes have the SHA-256 {raw}, ended as delivered, in the batch"
        f" {file.file_id}-000002-000, to which the destination answered 200 (SHA-256 of the answer {answer}).",
        "The file at hand is that file, to the byte.",
        "It is not proved that the destination did what it answered; nor that the file was all that its sender had, or"
        " that what was said of it is true.",
    ]


async def test_a_file_has_a_receipt_as_a_whole_and_keeps_it_while_the_log_grows(
    pipeline: Pipeline, notary: Notary, file: SourceFile
) -> None:
    await notary.looks()
    early = await receipt(notary.receipts, file.file_id, None)
    for number in (1, 3, 4):
        await other_files(pipeline, number)
        await notary.looks()

    late = await receipt(notary.receipts, file.file_id, 4)

    assert "number 0 of 1 in" in verify(early, await notary.keys(), None)
    assert "number 0 of 9 in" in verify(late, await notary.keys(), None)


async def test_a_later_round_is_one_more_account_and_changes_none(
    pipeline: Pipeline, notary: Notary, file: SourceFile
) -> None:
    # Given a receipt, and a destination that takes by now what it refused
    await notary.looks()
    before = await receipt(notary.receipts, file.file_id, 1)
    pipeline.api.refuses = lambda record: 0

    # When
    stack = operated(pipeline)
    asked = Asked(file.file_id, reason="destination.rejected")
    await replays.begin(stack, await replays.prepare(stack, await pipeline.row(file), asked))
    await pipeline.run()
    await notary.looks()

    # Expect both to be true of their accounts
    after = await receipt(notary.receipts, file.file_id, 1)
    assert "ended as rejected" in verify(before, await notary.keys(), None)
    assert "ended as delivered" in verify(after, await notary.keys(), None)
    assert await notary.heads.size("traffic") == 2


async def test_a_log_goes_on_from_each_of_its_checkpoints(pipeline: Pipeline, notary: Notary) -> None:
    checkpoints: list[bytes] = []
    for number in (1, 1, 2, 3, 1):
        await other_files(pipeline, number)
        await notary.looks()
        checkpoints.append(await checkpoint_of(notary.receipts, "traffic"))

    for earlier in checkpoints:
        proof = await proof_since(notary.receipts, "traffic", earlier)
        assert "none of them was changed" in verify(proof, await notary.keys(), earlier)


# -- what is changed is found ------------------------------------------------------------------------------------------

type Change = Callable[[dict[str, Any]], None]


def changed(proof: bytes, change: Change) -> bytes:
    """A receipt whose extra data somebody has changed."""
    first, extra, *rest = proof.decode().split("\n")
    said = json.loads(base64.b64decode(extra.removeprefix("extra ")))
    change(said)
    return "\n".join([first, f"extra {base64.b64encode(json.dumps(said).encode()).decode()}", *rest]).encode()


def in_account(name: str, value: Any) -> Change:
    def change(said: dict[str, Any]) -> None:
        head = json.loads(said["account"]) | {name: value}
        said["account"] = json.dumps(head, sort_keys=True, separators=(",", ":"))

    return change


def in_record(column: int, value: str) -> Change:
    def change(said: dict[str, Any]) -> None:
        columns = said["record"].split(" ")
        columns[column] = value
        said["record"] = " ".join(columns)

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(in_record(0, "0"), id="its place"),
        pytest.param(in_record(1, "0" * 64), id="its bytes"),
        pytest.param(in_record(2, "0" * 32), id="its identity"),
        pytest.param(in_record(3, "delivered"), id="its outcome"),
        pytest.param(in_record(4, "another"), id="its batch"),
        pytest.param(in_record(5, f"201:{'0' * 64}"), id="the answer"),
        pytest.param(in_account("records", 9), id="how many there are"),
        pytest.param(in_account("outcomes", {"delivered": 10}), id="how they ended"),
        pytest.param(in_account("root", "0" * 64), id="the records"),
        pytest.param(in_account("account", 4), id="which account it is"),
        pytest.param(in_account("sha256_tree", "0" * 64), id="the file's bytes"),
        pytest.param(lambda said: said["path"].reverse(), id="the path"),
        pytest.param(lambda said: said["path"].pop(), id="an end of the path"),
    ],
)
async def test_a_receipt_in_which_something_was_changed_proves_nothing(
    notary: Notary, file: SourceFile, change: Change
) -> None:
    await notary.looks()
    proof = await receipt(notary.receipts, file.file_id, 1)

    with pytest.raises(Wrong):
        verify(changed(proof, change), await notary.keys(), None)


async def test_another_file_is_not_the_one_of_the_account(notary: Notary, file: SourceFile) -> None:
    await notary.looks()

    with pytest.raises(Wrong, match="another than the one"):
        verify(await receipt(notary.receipts, file.file_id, None), await notary.keys(), BODY + b" ")


async def test_who_signs_with_another_key_proves_nothing(notary: Notary, file: SourceFile) -> None:
    keys = await notary.keys()
    notary.signer = LocalSigner()
    await notary.looks()

    with pytest.raises(Wrong, match="has not signed"):
        verify(await receipt(notary.receipts, file.file_id, None), keys, None)


@pytest.mark.parametrize("tampered", ["changed", "dropped", "reordered"])
async def test_a_log_that_was_rewritten_does_not_go_on_from_what_was_signed(
    pipeline: Pipeline, notary: Notary, tampered: str
) -> None:
    # Given a log that an auditor has a checkpoint of
    await other_files(pipeline, 3)
    await notary.looks()
    earlier = await checkpoint_of(notary.receipts, "traffic")

    # When somebody writes another history, and has it signed
    assert isinstance(notary.heads, MemoryHeads)
    texts = [head.text for head in notary.heads.logs["traffic"]]
    match tampered:
        case "changed":
            texts[1] = texts[1].replace(b'"delivered":1', b'"delivered":0')
        case "dropped":
            del texts[1]
        case _:
            texts.reverse()
    notary.heads = await rewritten(texts)
    await other_files(pipeline, 6)
    await notary.looks()

    # Expect
    proof = await proof_since(notary.receipts, "traffic", earlier)
    with pytest.raises(Wrong, match="has been changed"):
        verify(proof, await notary.keys(), earlier)


async def rewritten(texts: list[bytes]) -> MemoryHeads:
    from penstock.receipts import log

    heads = MemoryHeads()
    for at, text in enumerate(texts):
        await log.add(heads, "traffic", text, f"file {at}", 1)
    return heads


async def test_two_logs_that_fork_are_not_one(pipeline: Pipeline, notary: Notary) -> None:
    """Who shows one log to one auditor and another to the next is found once they compare checkpoints."""
    await other_files(pipeline, 2)
    await notary.looks()
    one = await checkpoint_of(notary.receipts, "traffic")
    notary.heads = await rewritten([b"{}", b"{}"])
    await other_files(pipeline, 1)
    pipeline.drop(csv_file([spot(77)]), "traffic/late.csv")
    await pipeline.run()
    await notary.looks()

    with pytest.raises(Wrong):
        verify(await proof_since(notary.receipts, "traffic", one), await notary.keys(), one)


# -- the notary --------------------------------------------------------------------------------------------------------


async def test_heads_and_checkpoints_are_in_the_archive(pipeline: Pipeline, notary: Notary, file: SourceFile) -> None:
    await notary.looks()

    kept = {re.sub(r"-[0-9a-f]{32}", "", key) for key in pipeline.store.archive if key.startswith("log/")}
    assert kept == {"log/traffic/heads/000000000000.json", "log/traffic/checkpoints/000000000001.txt"}


async def test_an_account_is_logged_once_however_often_the_notary_looks(
    pipeline: Pipeline, notary: Notary, file: SourceFile
) -> None:
    key = ids.account_key(file.file_id, 3)
    due = pipeline.store.work[key]
    await notary.looks()
    pipeline.store.work[key] = due  # it broke before it could say that it was done

    await notary.looks()

    assert await notary.heads.size("traffic") == 1
    assert key not in pipeline.store.work


async def test_an_account_waits_for_its_file_to_be_settled(pipeline: Pipeline, notary: Notary) -> None:
    """Whoever completes it says so first, and may break."""
    file = pipeline.drop(BODY)
    await pipeline.handle_next(pipeline.intake)
    await pipeline.store.put(ids.account_key(file.file_id, 3), b"{}", "application/json")

    assert (await notary.looks())["AccountsLogged"] == 0
    await pipeline.run()
    assert (await notary.looks())["AccountsLogged"] == 1


async def test_an_account_whose_file_is_forgotten_is_told(pipeline: Pipeline, notary: Notary) -> None:
    await pipeline.store.put(ids.account_key("4c9e", 3), b"{}", "application/json")

    assert (await notary.looks())["LookFaults"] == 1
    assert (await notary.looks())["LookFaults"] == 0


async def test_two_notaries_at_once_leave_one_log(pipeline: Pipeline, notary: Notary) -> None:
    """The place of an account is decided by who writes there first."""
    heads = MemoryHeads()
    head = LoggedHead(0, b"a", (b"h" * 32,))

    assert await heads.append("traffic", head, "4c9e", 3)
    assert not await heads.append("traffic", replace(head, index=1), "4c9e", 3)
    assert not await heads.append("traffic", head, "4c9f", 1)


# -- what an operator is told ------------------------------------------------------------------------------------------


async def test_a_receipt_that_cannot_be_had_yet_says_when(notary: Notary, file: SourceFile) -> None:
    with pytest.raises(NotFound, match="every five minutes"):
        await receipt(notary.receipts, file.file_id, None)


async def test_a_record_that_there_is_not_is_said_to_be_none(notary: Notary, file: SourceFile) -> None:
    await notary.looks()

    with pytest.raises(NotFound, match="has 10 records"):
        await receipt(notary.receipts, file.file_id, 10)


@pytest.mark.parametrize("proof", [b"", b"\xff", b"hello", b"c2sp.org/tlog-proof@v1\nindex 0\n\nx\n1\nAA==\n"])
async def test_what_is_no_receipt_is_said_to_be_none(notary: Notary, proof: bytes) -> None:
    with pytest.raises(Unreadable):
        verify(proof, await notary.keys(), None)


async def test_the_check_is_a_file_that_an_auditor_runs_by_itself(
    notary: Notary, file: SourceFile, tmp_path: Path
) -> None:
    """With Python alone: isolated, it sees none of our packages."""
    await notary.looks()
    (tmp_path / "record").write_bytes(await receipt(notary.receipts, file.file_id, 1))
    (tmp_path / "keys").write_bytes(await notary.keys())
    (tmp_path / "spots.csv").write_bytes(BODY)

    def run(*names: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", verify_receipt.__file__, *(str(tmp_path / name) for name in names)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, (done.stdout + done.stderr).splitlines()[-1]

    code, _ = run("record", "keys", "spots.csv")
    assert code == 0
    assert run("record", "keys", "keys") == (
        1,
        "Not proved: the file is another than the one that this account is of.",
    )
    assert run("keys", "keys") == (3, "Cannot be read: this is neither a receipt nor a proof that a log goes on.")
    assert run("keys")[0] == 3


def test_the_check_asks_for_no_new_python() -> None:
    """An auditor's machine has the one that it has."""
    source = Path(verify_receipt.__file__).read_text(encoding="utf-8")

    tree = ast.parse(source, feature_version=(3, 9))

    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    read = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "from_bytes"]
    assert read
    assert all(len(call.args) == 2 for call in read), "which byte comes first has a default since 3.11"


@pytest.mark.parametrize("keys", [b"x", b"a+00000000+AAAA", b"\xff"])
async def test_what_is_no_key_is_said_to_be_none(notary: Notary, file: SourceFile, keys: bytes) -> None:
    await notary.looks()

    with pytest.raises(Unreadable):
        verify(await receipt(notary.receipts, file.file_id, None), keys, None)
