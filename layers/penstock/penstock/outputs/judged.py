"""All that the validator says of a chunk's generation, in one object, which is there whole or not at all.

    #3 accepted=1234 findings.ndjson=87 rejects.csv=0

and then these parts, of so many bytes each. A reader takes the parts that it knows. The object's name is `accepted`:
versions 1 and 2 were the accepted records alone, and the others had objects of their own.
"""

from collections.abc import Mapping

from penstock.model import versions

NAME = "accepted"
PARTS = (NAME, "findings.ndjson", "rejects.csv")


def dump_judged(parts: Mapping[str, bytes]) -> bytes:
    """The parts, by name, as one."""
    sizes = " ".join(f"{name}={len(body)}" for name, body in parts.items())
    return f"#{versions.JUDGED} {sizes}\n".encode() + b"".join(parts.values())


def part_of(body: bytes, name: str) -> bytes | None:
    """A part of all that was said; None where an earlier version said it elsewhere.

    Raises:
        NewerRelease: a newer release has written it, in a form that this one does not know.
    """
    version, sizes = _head(body)
    versions.ensure_known("what the validator says of a chunk", version, versions.JUDGED)
    if version <= versions.ACCEPTED:
        return body if name == NAME else None
    at = body.index(b"\n") + 1
    for one, size in sizes.items():
        if one == name:
            return body[at : at + size]
        at += size
    return b""


def _head(body: bytes) -> tuple[int, dict[str, int]]:
    """The version, and how many bytes each part has, in their order."""
    if not body.startswith(b"#"):
        return 1, {}
    version, *words = body[1 : body.index(b"\n")].decode().split(" ")
    if int(version) <= versions.ACCEPTED or int(version) > versions.JUDGED:
        return int(version), {}
    return int(version), {name: int(size) for name, _, size in (word.partition("=") for word in words)}
