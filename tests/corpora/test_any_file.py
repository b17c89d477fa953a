"""Whatever file there is: a check of it balances or says why not, and what is no JSON is never taken for a record."""

from pathlib import Path

import pytest

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.ndjson import NdJson
from penstock.model.findings import Finding
from penstock.model.messages import Layout
from penstock_ops.check.check_file import check
from tests.corpora.corpus import FOLDER, files
from tests.support.reading import judge_file

JSON = files("robustness/JSONTestSuite/*.json")


@pytest.mark.parametrize("name", files("**/*"))
def test_a_check_balances_or_says_why_not(name: str, tmp_path: Path) -> None:
    # When
    checked = check(FOLDER / name, "traffic", tmp_path / "rejects.csv", lambda _: None)

    # Expect
    told = checked.as_dict()
    for one in told.get("entries", [told]):
        records = one["records"]
        assert records["received"] == records["valid"] + records["rejected"] + records["duplicate"]
        if one["refused"]:
            assert one["refused"]["code"].startswith(("format.", "archive."))
            assert one["refused"]["message"]
            assert records["received"] == 0
        else:
            assert records["received"] > 0
            assert (records["rejected"] > 0) == (tmp_path / "rejects.csv").exists()


@pytest.mark.parametrize("name", JSON)
def test_a_line_is_json_or_has_a_reason(name: str) -> None:
    """By the suite's names: y_ must be accepted, n_ refused, i_ is left to the parser. A record is an object besides,
    and has no key twice."""
    # Given
    raw = (FOLDER / name).read_bytes().strip(b"\n")
    kind, is_object = Path(name).name[0], raw.lstrip().startswith(b"{")

    # When
    (parsed,) = NdJson().parse(Layout(format="ndjson"), [raw])

    # Expect
    if kind == "n":
        assert isinstance(parsed, Finding)
    if kind == "y":
        assert isinstance(parsed, Finding) == (not is_object or "duplicated" in name)
    if isinstance(parsed, Finding):
        assert parsed.code in ("format.json", "format.encoding")


def test_all_of_them_in_one_file_are_judged_one_by_one() -> None:
    # Given
    lines = [(FOLDER / name).read_bytes().replace(b"\n", b" ") for name in JSON]
    body = b"\n".join([b"{}", *(line for line in lines if line.strip())])

    # When
    judged = judge_file(TRAFFIC, body)

    # Expect
    assert judged.accepted == []
    assert [one.ordinal for one in judged.rejected] == list(range(1 + body.count(b"\n")))
