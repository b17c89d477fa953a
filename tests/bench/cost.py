"""What a file of each feed costs, by its own account: the real handlers over MiniStack, histories and storage among it.

The records of a file are dollars a million of them; a document is dollars a page. GB-seconds are this machine's, at the
memory of template.yaml: what an API takes to answer is not in them, as the one here answers at once.
"""

import contextlib
import io
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from penstock.account.cost import cost_of
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from penstock_ops.wording.money import PAID_FOR
from tests.bench.timing import row
from tests.events.conftest import Functions, Stack, serving
from tests.events.driving import Through, announce, run, used
from tests.support.emulators import ministack_in

#: By feed its format, and how many records a file has, or pages.
FILES = {
    "traffic": ("csv", 5_000),
    "crew": ("csv", 1_000),
    "mro": ("csv", 2_000),
    "freight": ("x12", 500),
    "tower": ("pdf", 10),
}


def measure() -> list[dict[str, Any]]:
    """Dollars a million records (a page of a document), altogether and by what they are for; and the write units."""
    rows: list[dict[str, Any]] = []
    for feed, (form, records) in FILES.items():
        counted, ended = _file(feed, form, records)
        cost, times = cost_of(counted), 1e6 / ended if form != "pdf" else 1 / ended
        assert cost is not None
        unit = "a million" if form != "pdf" else "a page"
        rows.append(row(f"{feed} {form}: altogether", cost["dollars"] * times, f"$ {unit}"))
        parts = sorted(cost["by"].items(), key=lambda one: -one[1])
        rows += [row(f"{feed} {form}: {PAID_FOR[name]}", part * times, f"$ {unit}") for name, part in parts[:5]]
        rows.append(row(f"{feed} {form}: write units", asdict(counted)["dynamodb_writes"] / ended, "a record"))
    return rows


def _file(feed: str, form: str, records: int) -> tuple[Any, int]:
    """What a file took, and how many records it had, or pages."""
    body = io.BytesIO()
    SAMPLES[feed].write(body, SampleOptions(records, form, faults=0.01), None)
    with (
        tempfile.TemporaryDirectory() as folder,
        ministack_in(Path(folder) / "ministack") as server,
        serving() as (api, url),
    ):
        stack = Stack(server, api, url)
        through: Any = Through(stack, server)
        functions = Functions(through)
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
            announce(stack, f"{feed}/zone/site/sample.{form}", body.getvalue())
            run(stack, functions, patience=3 if form == "pdf" else 0)
            functions.close()
        received = int(stack.rows()["FILE"]["received"])
        return used(stack), records if form == "pdf" else received
