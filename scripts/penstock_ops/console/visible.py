"""What comes from files and keys, fit for a terminal: it can neither move the cursor nor pass for something else.

The one place where that is done for terminals. One acts on control characters (C0 and C1, so every ANSI escape), and
shows text in another order, or not at all, by Unicode's format characters (bidi overrides, zero-width ones and others;
"Trojan Source", CVE-2021-42574). `shown` does it to a result before a screen gets it, and `SafeConsole` to all that any
screen prints, so that nothing depends on who remembers. JSON escapes what is beyond ASCII by itself.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from penstock.model.visible import visible

LINES = frozenset("\n")


def shown[Value](value: Value) -> Value:
    """A result as JSON has it, fit for a screen: its texts, and the names of its parts."""
    if isinstance(value, str):
        return cast(Value, visible(value))
    if isinstance(value, Mapping):
        parts = cast(Mapping[Any, Any], value).items()
        return cast(Value, {shown(name): shown(part) for name, part in parts})
    if isinstance(value, list | tuple):
        return cast(Value, [shown(part) for part in cast(Iterable[Any], value)])
    return value


def as_json(value: Any) -> str:
    """A result for machines, in printable ASCII and line ends."""
    return json.dumps(value, indent=2).replace("\x7f", "\\u007f")


class SafeConsole(Console):
    """Prints what it is given and nothing else: no markup, no emoji by their names, no controls but its own styles."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As Rich's, with what is not seen made visible: all that is printed comes by here."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text, LINES), style, control)
