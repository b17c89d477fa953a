"""An export for an auditor: it stands alone, and whatever is changed in it is found."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from penstock.io.auditing import audit
from penstock_ops.operate.audit_export import Asked, export
from penstock_ops.verify_receipt import Wrong, verify_folder
from tests.support.destination import Api, refusing
from tests.support.notarised import Notary
from tests.support.operators import archive_of
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

TODAY = date(2027, 1, 15)
ASKED = Asked("traffic", TODAY, TODAY)


@pytest.fixture
async def exported(tmp_path: Path) -> tuple[Path, bytes, dict[str, Any]]:
    """The export of a day with three files, the auditor's keys, and what was said of it."""
    pipeline = Pipeline(Api(refuses=refusing("station", "KBAD")))
    notary = Notary(pipeline)
    for at in range(3):
        pipeline.drop(csv_file([spot(at), spot(10 + at, station="KBAD")]), f"traffic/{at}.csv")
    pipeline.drop(b"\x89PNG\r\n\x1a\n", "traffic/logo.png")
    pipeline.drop(b"\x89PNG\r\n\x1a\n", "crew/logo.png")
    await pipeline.run()
    await notary.looks()
    for detail in ({"feed": "traffic", "note": "ours"}, {"feed": "crew", "note": "others'"}):
        await audit(pipeline.store, "CircuitClosed", pipeline.clock.now(), detail)
    said = await export(notary.receipts, archive_of(pipeline.store), ASKED, tmp_path / "export")
    return tmp_path / "export", await notary.keys(), said


def test_an_export_is_checked_by_itself(exported: tuple[Path, bytes, dict[str, Any]]) -> None:
    folder, keys, said = exported

    assert (said["accounts"], said["records"], said["acts"], said["without_records"]) == (3, 6, 1, [])
    assert "All 3 accounts stand in a signed log: 3 delivered, 3 rejected" in verify_folder(folder, keys)
    acts = (folder / "acts.ndjson").read_text().splitlines()
    assert [json.loads(line)["note"] for line in acts] == ["ours"]
    findings = (folder / "findings/000000000000.ndjson").read_text().splitlines()
    assert [json.loads(line)["findings"][0]["code"] for line in findings] == ["destination.rejected"]


def test_a_file_that_was_refused_has_no_account_and_is_told(exported: tuple[Path, bytes, dict[str, Any]]) -> None:
    folder, _, said = exported

    (refused,) = [json.loads(line) for line in (folder / "refused.ndjson").read_text().splitlines()]
    assert (refused["key"], refused["refused"]["code"], said["refused"]) == ("traffic/logo.png", "format.binary", 1)
    assert "logo.png" not in (folder / "accounts.ndjson").read_text()


def change_a_record(folder: Path) -> None:
    path = folder / "records/000000000001.txt"
    path.write_text(path.read_text().replace("rejected", "delivered"))


def change_a_record_and_its_account(folder: Path) -> None:
    change_a_record(folder)
    path = folder / "accounts.ndjson"
    changed = path.read_text().replace('"delivered": 1', '"delivered": 2').replace('"rejected": 1', '"rejected": 0')
    path.write_text(changed)


def drop_an_account(folder: Path) -> None:
    path = folder / "accounts.ndjson"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))


def reorder_records(folder: Path) -> None:
    path = folder / "records/000000000001.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[::-1]))


@pytest.mark.parametrize("change", [change_a_record, change_a_record_and_its_account, drop_an_account, reorder_records])
@pytest.mark.parametrize("hidden", [False, True], ids=["as it is", "with a manifest to it"])
def test_whatever_is_changed_in_it_is_found(
    exported: tuple[Path, bytes, dict[str, Any]], change: Callable[[Path], None], hidden: bool
) -> None:
    from penstock_ops.operate import audit_export

    folder, keys, _ = exported
    change(folder)
    if hidden:
        (folder / "MANIFEST").unlink()
        audit_export.write_lines(folder / "MANIFEST", audit_export.manifest(folder))

    with pytest.raises(Wrong):
        verify_folder(folder, keys)


def test_what_does_not_belong_to_it_is_found(exported: tuple[Path, bytes, dict[str, Any]]) -> None:
    folder, keys, _ = exported
    (folder / "records/000000000009.txt").write_text("0 - - delivered - -\n")

    with pytest.raises(Wrong, match="not of this export"):
        verify_folder(folder, keys)


async def test_an_account_of_another_day_is_not_in_it(tmp_path: Path) -> None:
    pipeline = Pipeline()
    notary = Notary(pipeline)
    pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    await notary.looks()

    said = await export(
        notary.receipts,
        archive_of(pipeline.store),
        Asked("traffic", date(2027, 1, 16), date(2027, 1, 20)),
        tmp_path / "x",
    )

    assert (said["accounts"], said["records"]) == (0, 0)
    assert "no records" in verify_folder(tmp_path / "x", await notary.keys())
