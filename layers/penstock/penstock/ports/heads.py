"""The ports of receipts: each feed's log of the heads of accounts, and whoever signs what it has come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LoggedHead:
    """An account's head in its feed's log: its place there, counted from 0, and its text. `nodes` are the hashes of the
    log's tree that are complete with it, from its own leaf's upwards."""

    index: int
    text: bytes
    nodes: tuple[bytes, ...]


class Heads(Protocol):
    """A log a feed, which is only added to. Nothing in it ever changes, and it does not expire.

    Any call may raise Transient; doing it again is always safe.
    """

    async def size(self, feed: str) -> int:
        """How many heads the feed's log has, consistently read."""
        ...

    async def read(self, feed: str, indices: Iterable[int]) -> dict[int, LoggedHead]:
        """Heads by their places; those that are not there are left out."""
        ...

    async def append(self, feed: str, head: LoggedHead, file_id: str, account: int) -> bool:
        """Adds the head of a file's account. False where its place is taken, or that account has one already."""
        ...

    async def keep_checkpoint(self, feed: str, note: bytes) -> None:
        """Keeps the feed's log as it was signed last."""
        ...

    async def checkpoint(self, feed: str) -> bytes | None:
        """The feed's log as it was signed last; None before the first time."""
        ...

    async def places(self, file_id: str) -> dict[int, int]:
        """The places of a file's heads in its feed's log, by the number of the account."""
        ...


class Signer(Protocol):
    """Whoever has the key: ECDSA over P-256 with SHA-256 (FIPS 186-5 §6)."""

    async def sign(self, text: bytes) -> bytes:
        """The signature, as DER has it.

        Raises:
            Transient: it is not there.
        """
        ...

    async def public_key(self) -> bytes:
        """The public key, as DER of its SubjectPublicKeyInfo (RFC 5480 §2).

        Raises:
            Transient: it is not there.
        """
        ...
