"""What happened, line by line: only kept when somebody will read it."""

from dataclasses import dataclass, field

from tests.simulation.chaos import Kind
from tests.simulation.virtual import VirtualLoop


@dataclass(slots=True)
class Trace:
    """The run's diary."""

    loop: VirtualLoop
    on: bool
    lines: list[str] = field(default_factory=list[str])

    def add(self, who: str, what: str, about: str = "", fault: Kind | None = None) -> None:
        """One line."""
        if self.on:
            stars = f"  *** {fault}" if fault else ""
            self.lines.append(f"{self.loop.time():11.2f} {who:<16} {what:<26} {about}{stars}".rstrip())
