"""What becomes of a record in validation: accepted, rejected or flagged."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from penstock.model.findings import Finding

DIGEST = 32  #: hexadecimal digits of SHA-256 kept where only equality matters (128 bits)


class Accepted(NamedTuple):
    """A record fit to be delivered. `raw` is SHA-256 of its raw bytes, `digest` of its payload; `payload` is JSON.

    A tuple, because there is one for every record, and nothing else that has names is made as fast.
    """

    ordinal: int
    raw: str
    identity: str
    digest: str
    payload: bytes
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that is not, with every reason. `line` is where it begins in its file, counted from 1. Once the
    original is `gone`, neither that nor its bytes are known."""

    ordinal: int
    line: int | None
    raw_bytes: bytes
    raw: str
    findings: tuple[Finding, ...]
    cells: dict[str, Any] | None
    gone: bool = False


class Flagged(NamedTuple):
    """What was found of an accepted record. The rest is as in `Rejected`."""

    ordinal: int
    line: int | None
    raw: str
    findings: tuple[Finding, ...]
