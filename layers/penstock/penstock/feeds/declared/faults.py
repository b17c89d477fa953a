"""What is wrong with a declaration."""

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.model.errors import PenstockError


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong with a declaration: in which line, counted from 1, at which key, and what to do about it."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {f'{self.key}: ' if self.key else ''}{self.message}"


class Misdeclared(PenstockError):
    """Raised when a feed's declaration is wrong. `told` has all its faults in sentences, from the top to the end."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        self.told = [f"{name}, {fault}" for fault in sorted(faults)]
        super().__init__("; ".join(self.told))
