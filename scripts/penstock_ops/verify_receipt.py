"""Checks a receipt of Penstock's with nothing but a public key: no network, no account, nothing to install.

    python3 verify_receipt.py RECEIPT KEYS [FILE]       a receipt of a file or a record, with the file, if it is at hand
    python3 verify_receipt.py PROOF KEYS CHECKPOINT     that a log goes on from an earlier checkpoint
    python3 verify_receipt.py FOLDER KEYS               all that `penstock audit` has exported

KEYS is a text with a line a log, `<name>+<key ID>+<key>`, that you have from whoever runs Penstock, by a way that you
trust. Python 3.9 is new enough. Exit code 0: it is proved what is printed. 1: it is not. 3: something cannot be read.

What it rests on: SHA-256, trees of hashes (RFC 6962 §2.1), ECDSA over P-256 (FIPS 186-5 §6.4), signed notes,
checkpoints and proofs as c2sp.org writes them. All of it is below, in the order in which a reader needs it.
"""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

CANNOT = (
    "It is not proved that the destination did what it answered; nor that the file was all that its sender had, or that"
    " what was said of it is true."
)


class Wrong(Exception):
    """Raised when something is not proved: a sentence that says what does not agree."""


class Unreadable(Exception):
    """Raised when something is no receipt, proof, checkpoint or key: a sentence that says why not."""


@dataclass(frozen=True)
class Checkpoint:
    """A log's name, how many accounts it has, and the root over all of them, as they were signed."""

    origin: str
    size: int
    root: bytes


# -- trees (RFC 6962 §2.1; the checks are those of RFC 9162 §2.1.3.2 and §2.1.4.2) -------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return sha256(b"\x01" + left + right).digest()


def is_in(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """Whether this leaf's hash stands at this index in the tree of that size and root."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def goes_on(earlier: Checkpoint, later: Checkpoint, path: list[bytes]) -> bool:
    """Whether the later tree begins with all of the earlier one."""
    if earlier.size == later.size:
        return not path and earlier.root == later.root
    if not 0 < earlier.size < later.size:
        return False
    if earlier.size & (earlier.size - 1) == 0:
        path = [earlier.root, *path]
    if not path:
        return False
    at, last = earlier.size - 1, later.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == earlier.root and new == later.root


# -- signatures (ECDSA over P-256 with SHA-256) ------------------------------------------------------------------------

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""What the DER of a public key on this curve begins with (RFC 5480 §2.1.1): then come its two coordinates."""


def _add(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    """The sum of two points of the curve; None is the one at infinity."""
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % _P == 0:
        return None
    if one == other:
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, _P) % _P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _P) % _P
    x = (slope * slope - one[0] - other[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _times(factor: int, point: tuple[int, int] | None) -> tuple[int, int] | None:
    found: tuple[int, int] | None = None
    while factor:
        if factor & 1:
            found = _add(found, point)
        point, factor = _add(point, point), factor >> 1
    return found


def is_signed(text: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether whoever has the key's other half has signed the text (FIPS 186-5 §6.4.2)."""
    point = _point_of(public_key)
    r, s = _numbers_of(signature)
    if not (0 < r < _N and 0 < s < _N):
        return False
    digest, inverse = int.from_bytes(sha256(text).digest(), "big"), pow(s, -1, _N)
    found = _add(_times(digest * inverse % _N, _G), _times(r * inverse % _N, point))
    return found is not None and found[0] % _N == r


def _point_of(public_key: bytes) -> tuple[int, int]:
    if len(public_key) != len(_P256) + 64 or not public_key.startswith(_P256):
        raise Unreadable("the key is not one of the curve P-256")
    x, y = int.from_bytes(public_key[-64:-32], "big"), int.from_bytes(public_key[-32:], "big")
    if not (x < _P and y < _P and (y * y - x * x * x + 3 * x - _B) % _P == 0):
        raise Unreadable("the key is no point of the curve P-256")
    return x, y


def _numbers_of(signature: bytes) -> tuple[int, int]:
    """The two numbers in the DER of a signature (RFC 3279 §2.2.3)."""
    try:
        tag, length, rest = signature[0], signature[1], signature[2:]
        numbers: list[int] = []
        while rest:
            kind, size = rest[0], rest[1]
            if kind != 2 or len(rest) < 2 + size or not size:
                raise IndexError
            numbers.append(int.from_bytes(rest[2 : 2 + size], "big", signed=True))
            rest = rest[2 + size :]
        r, s = numbers
    except (IndexError, ValueError):
        raise Wrong("the signature is none") from None
    if tag != 0x30 or length != len(signature) - 2:
        raise Wrong("the signature is none")
    return r, s


# -- notes: who has signed what ----------------------------------------------------------------------------------------


def checkpoint_of(note: str, keys: dict[str, bytes]) -> Checkpoint:
    """What a signed checkpoint says, once its signature is checked."""
    text, separator, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if not separator or len(lines) < 3 or not lines[1].isdecimal():
        raise Unreadable("that is no signed checkpoint of a log")
    origin, size, root = lines[0], int(lines[1]), _base64(lines[2])
    if origin not in keys:
        raise Wrong(f"there is no key of {origin} among the keys")
    key = keys[origin]
    signed = [line.split(" ") for line in signatures.splitlines()]
    ours = [_base64(one[2]) for one in signed if len(one) == 3 and one[:2] == ["—", origin]]
    ours = [one[4:] for one in ours if one[:4] == sha256(key).digest()[:4]]
    if not ours or not all(is_signed(f"{text}\n".encode(), one, key) for one in ours):
        raise Wrong(f"{origin} has not signed this checkpoint with the key that you have")
    return Checkpoint(origin, size, root)


def keys_of(text: str) -> dict[str, bytes]:
    """The keys by the names of their logs."""
    keys: dict[str, bytes] = {}
    for line in text.split():
        name, _, rest = line.partition("+")
        key_id, _, key = rest.partition("+")
        body = _base64(key)
        if body[:1] != b"\x02" or sha256(body[1:]).hexdigest()[:8] != key_id:
            raise Unreadable(f"the key of {name} is none: <name>+<key ID>+<key> is expected")
        keys[name] = body[1:]
    return keys


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Unreadable("something is not base64 that should be") from None


# -- receipts ----------------------------------------------------------------------------------------------------------


def verify(proof: bytes, keys: bytes, beside: bytes | None) -> str:
    """What is proved, in sentences. `beside` is the file, or the earlier checkpoint.

    Raises:
        Wrong: something does not agree.
        Unreadable: something is not what it should be.
    """
    try:
        text, known = proof.decode(), keys_of(keys.decode())
    except UnicodeDecodeError:
        raise Unreadable("receipts, proofs and keys are texts in UTF-8") from None
    head, _, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if first == "c2sp.org/tlog-proof@v1":
        return _verify_receipt(lines, checkpoint_of(note, known), beside)
    if first.startswith("old "):
        return _verify_consistency(first, lines, checkpoint_of(note, known), beside, known)
    raise Unreadable("this is neither a receipt nor a proof that a log goes on")


def _verify_receipt(lines: list[str], log: Checkpoint, file: bytes | None) -> str:
    if len(lines) < 2 or not lines[0].startswith("extra ") or not lines[1].startswith("index "):
        raise Unreadable("the receipt's second line must begin with extra, and its third with index")
    path = [_base64(line) for line in lines[2:]]
    try:
        extra = json.loads(_base64(lines[0].removeprefix("extra ")))
        account, index = extra["account"], int(lines[1].removeprefix("index "))
        head = json.loads(account)
        root = bytes.fromhex(head["root"])
    except (ValueError, KeyError, TypeError):
        raise Unreadable("the receipt does not say of which account it is") from None
    if not is_in(leaf_hash(account.encode()), index, log.size, path, log.root):
        raise Wrong(f"this account is not number {index} in the log {log.origin}")
    said = [_of_the_account(head, index, log)]
    if "record" in extra:
        said.append(_of_the_record(extra, head, root))
    if file is not None:
        if tree_digest(file) != head["sha256_tree"]:
            raise Wrong("the file is another than the one that this account is of")
        said.append("The file at hand is that file, to the byte.")
    return "\n".join([*said, CANNOT])


def _of_the_account(head: dict[str, Any], index: int, log: Checkpoint) -> str:
    outcomes = ", ".join(f"{number:,} {outcome}" for outcome, number in head["outcomes"].items() if number)
    if sum(head["outcomes"].values()) != head["records"]:
        raise Wrong("the account does not balance")
    return (
        f"{log.origin} has signed that the file {head['key']} (version {head['version']}) of {head['records']:,}"
        f" records was settled at {head['settled_at']}: {outcomes or 'none'}. This is account {head['account']} of the"
        f" file {head['file']}, number {index} of {log.size:,} in the log."
    )


def _of_the_record(extra: dict[str, Any], head: dict[str, Any], root: bytes) -> str:
    try:
        record, path = extra["record"], [_base64(one) for one in extra["path"]]
        ordinal, raw, _, outcome, batch, answer = record.split(" ")
        at = int(ordinal)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable("the receipt does not say of which record it is") from None
    if not is_in(leaf_hash(record.encode()), at, head["records"], path, root):
        raise Wrong(f"record {ordinal} did not end so in this account")
    sent = f", in the batch {batch}" if batch != "-" else ""
    status, _, digest = answer.partition(":")
    answered = f", to which the destination answered {status} (SHA-256 of the answer {digest})" if digest else ""
    return f"Record {at} of it, whose bytes have the SHA-256 {raw}, ended as {outcome}{sent}{answered}."


def _verify_consistency(
    first: str, lines: list[str], log: Checkpoint, beside: bytes | None, keys: dict[str, bytes]
) -> str:
    if beside is None:
        raise Unreadable("name the earlier checkpoint, too: this proof is about it")
    try:
        earlier = checkpoint_of(beside.decode(), keys)
    except UnicodeDecodeError:
        raise Unreadable("that is no signed checkpoint of a log") from None
    if first != f"old {earlier.size}" or earlier.origin != log.origin:
        raise Wrong(f"the proof is not about this checkpoint of {earlier.origin} with {earlier.size:,} accounts")
    if not goes_on(earlier, log, [_base64(line) for line in lines]):
        raise Wrong(f"the log {log.origin} has been changed: that of {log.size:,} does not begin as it was signed")
    return (
        f"The log {log.origin} of {log.size:,} accounts begins with the {earlier.size:,} that were signed earlier: none"
        " of them was changed, dropped or moved."
    )


# -- exports -----------------------------------------------------------------------------------------------------------


def verify_folder(folder: Path, keys: bytes) -> str:
    """What is proved of an export, in sentences.

    Raises:
        Wrong: something does not agree.
        Unreadable: something is not what it should be.
    """
    _ensure_whole(folder)
    counted, single = dict[str, int](), 0
    lines = (folder / "accounts.ndjson").read_text(encoding="utf-8").splitlines()
    for line in lines:
        head = json.loads(line)
        place = head.pop("place")
        proof = (folder / f"proofs/{place:012d}.tlog-proof").read_bytes()
        verify(proof, keys, None)
        extra = json.loads(_base64(proof.decode().split("\n")[1].removeprefix("extra ")))
        if json.loads(extra["account"]) != head:
            raise Wrong(f"account {place} is not the one that its proof is of")
        for outcome, number in head["outcomes"].items():
            counted[outcome] = counted.get(outcome, 0) + number
        records = folder / f"records/{place:012d}.txt"
        if records.exists():
            _ensure_records(records.read_bytes().splitlines(), head, place)
            single += 1
    if len(lines) != len(list((folder / "proofs").iterdir())):
        raise Wrong("there are more proofs than accounts")
    told = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(counted.items()) if number)
    return (
        f"All {len(lines):,} accounts stand in a signed log: {told or 'no records'}. Of {single:,} of them every record"
        " is here, and its account is over just those. No file of this folder was changed.\n"
        f"{CANNOT} Nor that no account of that time was left out: compare with the log's places."
    )


def _ensure_whole(folder: Path) -> None:
    listed = [line.split("  ", 1) for line in (folder / "MANIFEST").read_text(encoding="utf-8").splitlines()]
    for digest, name in listed:
        if sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise Wrong(f"{name} was changed")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    others = there - {name for _, name in listed} - {"MANIFEST"}
    if others:
        raise Wrong(f"{min(others)} is not of this export")


def _ensure_records(lines: list[bytes], head: dict[str, Any], place: int) -> None:
    outcomes = [line.split(b" ")[3].decode() for line in lines]
    if {name: outcomes.count(name) for name in head["outcomes"]} != head["outcomes"]:
        raise Wrong(f"the records of account {place} do not add up to it")
    if root_of([leaf_hash(line) for line in lines]).hex() != head["root"]:
        raise Wrong(f"account {place} is over other records than these")


def root_of(hashes: list[bytes]) -> bytes:
    """The root over all leaves' hashes: who has no neighbour goes up as he is."""
    while len(hashes) > 1:
        pairs = [node_hash(*hashes[at : at + 2]) for at in range(0, len(hashes) - 1, 2)]
        hashes = [*pairs, *hashes[len(pairs) * 2 :]]
    return hashes[0] if hashes else sha256().digest()


def tree_digest(body: bytes) -> str:
    """The digest of a file as its account has it: SHA-256 of every mebibyte, then of every two of those beside each
    other, and so on up (Amazon S3 Glacier Developer Guide, "Computing Checksums")."""
    level = [sha256(body[at : at + 1024 * 1024]).digest() for at in range(0, max(1, len(body)), 1024 * 1024)]
    while len(level) > 1:
        level = [
            sha256(level[at] + level[at + 1]).digest() if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
    return level[0].hex()


def main(arguments: list[str]) -> int:
    """The command."""
    if len(arguments) not in (2, 3):
        sys.stderr.write(__doc__ or "")
        return 3
    try:
        if Path(arguments[0]).is_dir():
            said = verify_folder(Path(arguments[0]), Path(arguments[1]).read_bytes())
        else:
            proof, keys, beside = [*(Path(name).read_bytes() for name in arguments), None][:3]
            said = verify(proof or b"", keys or b"", beside)
        sys.stdout.write(f"{said}\n")
    except Wrong as error:
        sys.stderr.write(f"Not proved: {error}.\n")
        return 1
    except (Unreadable, OSError) as error:
        sys.stderr.write(f"Cannot be read: {error}.\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
