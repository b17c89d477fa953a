"""Checkpoints and proofs as C2SP writes them: what anybody's tools read, and people do.

    https://c2sp.org/signed-note      a text, and who has signed it
    https://c2sp.org/tlog-checkpoint  a log's name, its size, and its root
    https://c2sp.org/tlog-proof       an entry's place and path in a log, and a checkpoint of it
    https://c2sp.org/tlog-witness     (of its requests) that a log goes on from an earlier checkpoint

The signatures are ECDSA over P-256, type 0x02 of signed notes; a key's ID is the beginning of its SHA-256.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

ECDSA = b"\x02"  #: the type of a signature


def checkpoint_text(origin: str, size: int, root: bytes) -> bytes:
    """What is signed of a log."""
    return f"{origin}\n{size}\n{base64_of(root)}\n".encode()


def signed(text: bytes, name: str, public_key: bytes, signature: bytes) -> bytes:
    """A text with the signature of whoever has that name and key."""
    return text + f"\n— {name} {base64_of(_key_id(public_key) + signature)}\n".encode()


def verifier_key(name: str, public_key: bytes) -> str:
    """What an auditor needs, and all that he does: `<name>+<key ID>+<type and public key>`."""
    return f"{name}+{_key_id(public_key).hex()}+{base64_of(ECDSA + public_key)}"


def size_of(checkpoint: bytes) -> int:
    """How many entries the log had."""
    return int(checkpoint.split(b"\n", 2)[1])


def proof(index: int, path: Sequence[bytes], checkpoint: bytes, extra: Mapping[str, Any]) -> bytes:
    """That an entry stands in a log. `extra` is what the entry's hash is made from, and what it vouches for."""
    said = base64.b64encode(json.dumps(extra, separators=(",", ":")).encode()).decode()
    lines = ["c2sp.org/tlog-proof@v1", f"extra {said}", f"index {index}", *map(base64_of, path), ""]
    return "".join(f"{line}\n" for line in lines).encode() + checkpoint


def consistency_proof(earlier: int, path: Sequence[bytes], checkpoint: bytes) -> bytes:
    """That a log goes on from where it had so many entries."""
    return "".join(f"{line}\n" for line in [f"old {earlier}", *map(base64_of, path), ""]).encode() + checkpoint


def _key_id(public_key: bytes) -> bytes:
    return sha256(public_key).digest()[:4]


def base64_of(body: bytes) -> str:
    """Bytes as these texts have them (RFC 4648 §4)."""
    return base64.b64encode(body).decode()
