"""An operator of a pipeline on the twins: the same ports, in the hands of the `penstock` command."""

import json
from typing import Any

from penstock_ops.operate.stack_ports import StackPorts
from penstock_testing.memory import MemoryStore
from tests.support.pipeline import Pipeline


def operated(pipeline: Pipeline) -> StackPorts:
    """The pipeline's ports, for one who is called Ada."""
    return StackPorts(
        store=pipeline.store,
        ledger=pipeline.ledger,
        claims=pipeline.claims,
        histories=pipeline.histories,
        throttle=pipeline.throttle,
        events=pipeline.events,
        intake=pipeline.intake,
        chunks=pipeline.chunks,
        dispatches={"traffic": pipeline.dispatches},
        dead_letters=(),
        feeds=frozenset({"traffic"}),
        operator="Ada",
        clock=pipeline.clock,
        rng=pipeline.rng,
    )


def audited(pipeline: Pipeline, what: str) -> list[dict[str, Any]]:
    """What the audit says was done, in order."""
    bodies = [body for key, body in sorted(pipeline.store.archive.items()) if key.startswith("audit/")]
    return [line for line in map(json.loads, bodies) if line["what"] == what]


def archive_of(store: MemoryStore) -> MemoryStore:
    """A store's archive, as a folder."""
    folder = MemoryStore()
    folder.work = store.archive
    return folder
