"""The twins of receipts: logs in one dictionary, and a key of their own."""

from collections.abc import Iterable

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from penstock.ports.heads import LoggedHead


class MemoryHeads:
    """As `Heads`."""

    def __init__(self) -> None:
        self.logs: dict[str, list[LoggedHead]] = {}
        self._places: dict[str, dict[int, int]] = {}
        self._signed: dict[str, bytes] = {}

    async def size(self, feed: str) -> int:
        """As `Heads.size`."""
        return len(self.logs.get(feed, ()))

    async def read(self, feed: str, indices: Iterable[int]) -> dict[int, LoggedHead]:
        """As `Heads.read`."""
        log = self.logs.get(feed, [])
        return {index: log[index] for index in indices if index < len(log)}

    async def append(self, feed: str, head: LoggedHead, file_id: str, account: int) -> bool:
        """As `Heads.append`."""
        log, places = self.logs.setdefault(feed, []), self._places.setdefault(file_id, {})
        if head.index != len(log) or account in places:
            return False
        log.append(head)
        places[account] = head.index
        return True

    async def keep_checkpoint(self, feed: str, note: bytes) -> None:
        """As `Heads.keep_checkpoint`."""
        self._signed[feed] = note

    async def checkpoint(self, feed: str) -> bytes | None:
        """As `Heads.checkpoint`."""
        return self._signed.get(feed)

    async def places(self, file_id: str) -> dict[int, int]:
        """As `Heads.places`."""
        return dict(self._places.get(file_id, {}))


class LocalSigner:
    """As `Signer`, with a key that is made with it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    async def sign(self, text: bytes) -> bytes:
        """As `Signer.sign`."""
        return self._key.sign(text, ec.ECDSA(hashes.SHA256()))

    async def public_key(self) -> bytes:
        """As `Signer.public_key`."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
