"""The commands on a page of the documentation, as whoever follows it types them."""

from pathlib import Path


def commands_of(page: Path) -> list[str]:
    """The lines that are shown to be typed: those that stand in by four blanks or more."""
    return [line.strip() for line in page.read_text().splitlines() if line.startswith("    ") and line.strip()]
