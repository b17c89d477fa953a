"""Who looks at the console, and what he may: told by the gate that he has come through, anew for each request."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import HTTPConnection

VISITOR = "penstock.visitor"  #: the scope of a request that has come through the gate says who it is


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has come through. A write brings his `word`, which the pages that he gets have; `name` is whose act
    it is, "" that of whoever started the console. Who does not operate reads; who may not see content is shown none,
    whatever the console was started with."""

    word: str = field(repr=False)
    name: str = ""
    operates: bool = True
    sees_content: bool = True


class Gate(Protocol):
    """What decides who comes in. `scheme` is that of the pages' addresses, `connects` what their scripts may call
    beside us, and `door` the template of the page that a stranger gets, which is told what `door_says`."""

    @property
    def scheme(self) -> str:
        """http or https."""
        ...

    @property
    def connects(self) -> Sequence[str]:
        """Origins."""
        ...

    @property
    def door(self) -> str:
        """Its name."""
        ...

    @property
    def door_says(self) -> dict[str, Any]:
        """By name."""
        ...

    def refusal(self, came: HTTPConnection) -> tuple[int, str] | None:
        """Why this address or name is answered nothing at all, as a status and a sentence; None where it is."""
        ...

    def visitor(self, came: HTTPConnection) -> Visitor | None:
        """Who this is, by what his browser has brought; None for a stranger."""
        ...


def visitor_of(came: HTTPConnection) -> Visitor | None:
    """Who a request is from, once the guard has looked; None for a stranger."""
    return came.scope.get(VISITOR)
