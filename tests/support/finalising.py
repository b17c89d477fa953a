"""What finalising a chunk needs, by itself: of who works by no stage's ports."""

import random
from dataclasses import dataclass

from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class Finalising:
    """As `FinalisingPorts`."""

    store: ObjectStore
    ledger: Ledger
    claims: Claims
    histories: Histories
    clock: Clock
    rng: random.Random
