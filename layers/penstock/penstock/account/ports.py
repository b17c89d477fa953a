"""What the account needs of the world: whatever has these ports will do, be it a stage's or an operator's."""

import random
from typing import Protocol

from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.event_bus import EventBus
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore


class CompletionPorts(Protocol):
    """What a file's completion needs."""

    @property
    def store(self) -> ObjectStore:
        """Where its reports go."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Where its account is."""
        ...

    @property
    def events(self) -> EventBus:
        """Who hears of it."""
        ...

    @property
    def clock(self) -> Clock:
        """When it is."""
        ...

    @property
    def rng(self) -> random.Random:
        """By which retries spread."""
        ...


class FinalisingPorts(Protocol):
    """What finalising a chunk needs."""

    @property
    def store(self) -> ObjectStore:
        """Where its outcomes and rejects go, and its file's bytes are."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Where its account is."""
        ...

    @property
    def claims(self) -> Claims:
        """Who holds the identities of its records."""
        ...

    @property
    def histories(self) -> Histories:
        """What is known of its records."""
        ...

    @property
    def clock(self) -> Clock:
        """When it is."""
        ...

    @property
    def rng(self) -> random.Random:
        """By which retries spread."""
        ...
