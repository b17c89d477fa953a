"""The commands on a page of the documentation, as whoever follows it types them."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are typed one after the other, and the heading that they stand under."""

    heading: str
    lines: tuple[str, ...]


def blocks_of(page: Path) -> list[Block]:
    """What is shown to be typed, in order: lines that stand in by four blanks or more, until the next blank one."""
    heading, blocks, lines = "", list[Block](), list[str]()
    for line in [*page.read_text().splitlines(), ""]:
        if line.startswith("    ") and line.strip() and not line.strip().startswith("-"):
            lines.append(line.strip())
        elif lines:
            blocks.append(Block(heading, tuple(lines)))
            lines = []
        heading = line.removeprefix("## ") if line.startswith("## ") else heading
    return blocks


def commands_of(page: Path) -> list[str]:
    """Each command by itself, whatever loop, pipe or word it stands in."""
    lines = [line for block in blocks_of(page) for line in block.lines]
    parts = [
        part.strip() for line in lines for part in re.split(r"\$\(|\)|\||;|\{|\}|\bdo\b|\bdone\b|\bfor \w+ in\b", line)
    ]
    words = ("aws ", "export ", "git ", "make ", "penstock ", "sam ")
    return [part for part in parts if part.startswith(words)]
