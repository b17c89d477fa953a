"""What every page stands on: one stack's records and ports, and whose hands they are in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.requests import Request

from penstock.io.auditing import audit
from penstock.model.errors import PenstockError
from penstock.ports.object_store import Folder
from penstock.ports.templates import Templates
from penstock_ops.operate.find import Ask
from penstock_ops.operate.operations import Dropped, Records
from penstock_ops.operate.rereading import Originals
from penstock_ops.operate.stack_ports import StackPorts
from penstock_ops.web.visitors import visitor_of


class NoContent(PenstockError):
    """Raised where content is asked for, and the console has no right to it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A stack as the console has it. `place` names it; `archive` keeps what was done; `templates` are those of its
    documents, and `originals` what was dropped; `drop` puts a file under a key of
    the drop bucket; `ask` is the table of outcomes, None where the stack has none; `content` is the right to see what
    is in records, given at the start; `drops` says whether files are dropped here."""

    records: Records
    ports: StackPorts
    place: str
    archive: Folder
    templates: Templates
    originals: Originals
    drop: Callable[[Path, str], Awaitable[Dropped]]
    ask: Ask | None = None
    content: bool = False
    drops: bool = True

    def ensure_content(self) -> None:
        """Nothing where the console was started with the right to see content.

        Raises:
            NoContent: it was not.
        """
        if not self.content:
            raise NoContent("this shows what is in records: start the console with --content to see it")

    async def note_content_shown(self, **about: str) -> None:
        """The audit's line of content that a page is about to show: of which file, which records, to whom."""
        ports = self.ports
        await audit(ports.store, "ContentShown", ports.clock.now(), {"by": ports.operator} | about)


def desk_of(request: Request) -> Desk:
    """The desk of the app that a request came to, in the hands of whoever it is from."""
    desk: Desk = request.app.state.desk
    visitor = visitor_of(request)
    if visitor is None:
        return desk
    ports = replace(desk.ports, operator=visitor.name) if visitor.name else desk.ports
    return replace(desk, ports=ports, content=desk.content and visitor.sees_content)
