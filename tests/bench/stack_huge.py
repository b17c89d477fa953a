"""3 GB through the local world, from the drop to the balance, with a splitter that is given 15 s for each hop."""

import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from penstock_ops import world as local_world
from tests.bench.timing import row
from tests.support import deployed as support
from tests.support.deployed import QUICK, Deployed
from tests.support.long_file import ROW, Log, split_here, upload, watch

SIZE = 3_000_000_000
SECONDS = 47  #: of an invocation; 32 of them are kept for handing on and for answering


def measure() -> list[dict[str, Any]]:
    """Seconds, and what was seen on the way."""
    with tempfile.TemporaryDirectory() as folder, patch.object(support, "PATIENCE", 3600.0):
        home = Path(folder)
        try:
            here = local_world.up(home=home, port=0)
            with patch.dict("os.environ", here.environment):
                return _measure(Deployed(here))
        finally:
            local_world.down(home)


def _measure(deployed: Deployed) -> list[dict[str, Any]]:
    try:
        deployed.calm()
        deployed.configure(**QUICK)
        deployed.allow("Splitter", SECONDS)
        log = Log(rows=SIZE // ROW)
        file = upload(deployed, log, "huge.csv")
        began = time.monotonic()
        way = watch(deployed, file)
        seconds = time.monotonic() - began
        spans, digest = split_here(log)
        assert [chunk.span for chunk in deployed.chunks(file)] == spans
        assert way.report["sha256_tree"] == digest
        assert way.report["records"]["delivered"] == log.rows
    finally:
        deployed.close()
    return [
        row("a file of 3 GB on the local world: from its upload's end to its balance", seconds, "s"),
        row("handed on", way.hops, "times"),
        row("chunks, all where a splitter cuts them that is never stopped", len(spans), "chunks"),
        row("records delivered while it was being split (1 is yes)", int(way.delivered_meanwhile), ""),
    ]
