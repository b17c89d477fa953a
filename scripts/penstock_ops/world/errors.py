"""What can go wrong with the local world.

WorldError          it cannot do what was asked; the text says why, and what helps
└─ CommandFailed    a program that it needs failed; the text has its reason and names its log
"""

from collections.abc import Sequence
from pathlib import Path

from penstock.model.errors import PenstockError


class WorldError(PenstockError):
    """When the local world cannot do what was asked."""


class CommandFailed(WorldError):
    """When a program that the local world runs ended with an error, or did not get ready."""

    def __init__(self, what: str, reasons: Sequence[str], log: Path) -> None:
        said = "\n".join(f"    {line}" for line in reasons)
        super().__init__(f"{what} failed:\n{said}\nAll it said: {log}")
        self.log = log
