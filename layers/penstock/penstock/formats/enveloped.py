"""Formats whose records lie in envelopes: what is round a record says how to read it, and can be wrong by itself.

An envelope (an interchange, a functional group, a carrier's part of a schedule) begins before many records and ends
after them, in other chunks than most of them. So two things go beyond `Format`:

- A chunk's records lie in envelopes that say the same. What they say is in the chunk's own layout; where it changes,
  `take` ends the chunk (`Taken.last`), and `follow` has the layout for the next one.
- What is wrong with an envelope is no record's fault and is known too late to reject any: it is a soft finding for the
  file's account.
"""

from typing import Protocol, runtime_checkable

from penstock.formats.format import Format
from penstock.model.findings import Noted
from penstock.model.messages import Layout


class Envelopes(Protocol):
    """Follows one file's bytes through its envelopes, and checks these. Memory does not grow with the file."""

    @property
    def noted(self) -> Noted:
        """What is wrong so far."""
        ...

    def follow(self, piece: bytes) -> Layout:
        """Passes over the file's next bytes; the layout to read on with. However the bytes are cut, what comes out in
        the end is the same."""
        ...

    def finish(self, rest: bytes) -> None:
        """The file ends with these bytes."""
        ...

    def state(self) -> str:
        """Everything it must know to go on elsewhere, as text."""
        ...


@runtime_checkable
class Enveloped(Format, Protocol):
    """A format with envelopes."""

    def envelopes(self, layout: Layout, state: str = "") -> Envelopes:
        """Begins where `layout` was recognised, before its first byte; or goes on where `state` was taken, with the
        layout that was in force there."""
        ...
