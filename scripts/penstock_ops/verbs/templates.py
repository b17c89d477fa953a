"""The verbs `templates …`: what forms look like, made from one good document each and kept in a folder."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock_documents.words import Page, Word, around
from penstock_ops.check.check_file import TEMPLATES
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, show
from penstock_ops.console.errors import WrongUse

verbs = typer.Typer(help="Templates of forms, by which documents are read.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--templates", help="The folder that they are kept in.")]
OfStack = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="Those of a stack in AWS, or of the local world (`local`), instead of a folder's.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.add_typer(verbs, name="templates")


@verbs.command()
def draft(
    document: Annotated[Path, typer.Argument(help="One good document of the form.")],
    kind: Annotated[
        str,
        typer.Option(help="What kind of document it is, as its feed's page lists them; of an invoice freight_invoice."),
    ],
    values: Annotated[
        Path, typer.Option(help="JSON: each field's text as it is printed; of a table a list with its first row.")
    ],
    name: Annotated[str, typer.Option(help="What the form is called: NAME, or NAME/VERSION.")],
    critical: Annotated[
        str, typer.Option(help="Fields that a verdict of drift hangs on, comma between [default: all].")
    ] = "",
    templates: Folder = TEMPLATES,
    stack: OfStack = None,
    as_json: AsJson = False,
) -> None:
    """Make a template from one good document."""
    from penstock_ops.documents import registering, stack_templates

    said: dict[str, Any] = json.loads(values.read_text(encoding="utf-8"))
    if type(said) is not dict:
        raise WrongUse(f"{values.name} must be an object of fields with their texts")
    names = [one.strip() for one in critical.split(",") if one.strip()]
    asked = _Chooser(as_json)
    with stack_templates.folder_of(stack, templates) as folder:
        made, path = registering.made_from(document, kind, said, name, names, folder, asked.choose)
    told = registering.summary_of(made) | {"file": _shown(path, stack), "chosen": asked.chosen}
    show(told, as_json, screens.facts)


def _shown(path: Path, stack: str | None) -> str:
    """Where a template is kept: of a stack's, its name there."""
    return path.name if stack else str(path)


class _Chooser:
    """Asks where a text stands, on a terminal; else takes the place nearest to its label's words, and says so."""

    def __init__(self, as_json: bool) -> None:
        self.chosen: list[dict[str, Any]] = []
        self._asks = sys.stdin.isatty() and sys.stdout.isatty() and not as_json

    def choose(self, field: str, places: Sequence[tuple[Page, Sequence[Word]]]) -> int:
        """The place of several; the first is the nearest to what the field is called."""
        at = 0
        if self._asks and len(places) > 1:
            for number, place in enumerate(places, 1):
                screens.out.print(f"  {number}  {_place(*place)}")
            at = typer.prompt(f"Which of these is {field}?", type=int, default=1) - 1
            at = min(max(at, 0), len(places) - 1)
        self.chosen.append({"field": field, "place": _place(*places[at])})
        return at


def _place(page: Page, words: Sequence[Word]) -> str:
    box = around(word.box for word in words)
    return f"page {page.number}, {box.left:.0f} points from the left and {box.top:.0f} from the top"


@verbs.command("list")
def list_all(templates: Folder = TEMPLATES, stack: OfStack = None, as_json: AsJson = False) -> None:
    """List the templates."""
    from penstock_ops.documents import registering, stack_templates

    with stack_templates.folder_of(stack, templates) as folder:
        show(registering.listed(folder), as_json, screens.templates)


@verbs.command("show")
def show_one(
    template: Annotated[str, typer.Argument(help="NAME/VERSION, or NAME for the newest.")],
    templates: Folder = TEMPLATES,
    stack: OfStack = None,
    as_json: AsJson = False,
) -> None:
    """Show a template as it is kept."""
    from penstock_documents.template import dump
    from penstock_ops.documents import registering, stack_templates

    with stack_templates.folder_of(stack, templates) as folder:
        found = registering.find(template, folder)
    show(found.model_dump(mode="json"), as_json, lambda _: screens.out.print(dump(found), markup=False, end=""))


@verbs.command()
def diff(
    one: Annotated[str, typer.Argument(help="A template.")],
    other: Annotated[str, typer.Argument(help="Another one.")],
    templates: Folder = TEMPLATES,
    stack: OfStack = None,
    as_json: AsJson = False,
) -> None:
    """Tell what differs between two templates, field by field."""
    from penstock_ops.documents import registering, stack_templates

    with stack_templates.folder_of(stack, templates) as folder:
        registry = registering.registry_of(folder)
    found = registering.differences(registry.find(one), registry.find(other))
    show(found, as_json, screens.differences)


@verbs.command()
def accept(
    document: Annotated[
        str, typer.Argument(help="A document that has drifted from its template; with --stack the id of its file.")
    ],
    templates: Folder = TEMPLATES,
    stack: OfStack = None,
    as_json: AsJson = False,
) -> None:
    """Accept how a form looks now: the template's next version is made from the document. What waited in a stack for
    the former one is read anew."""
    from penstock_ops.documents import registering, stack_templates

    asked = _Chooser(as_json)
    with stack_templates.folder_of(stack, templates) as folder, _lying(document, stack) as lying:
        old, new, path = registering.accepted(lying, folder, asked.choose)
    summary = registering.summary_of(new) | {"file": _shown(path, stack), "from": old.id}
    note = f"its form is accepted as {new.id}, by which it is read anew"
    read_anew = _read_anew(stack, old.name, note) if stack else []
    changes = registering.differences(old, new)
    show(summary | {"changes": changes, "read_anew": read_anew}, as_json, screens.facts)


@verbs.command()
def reread(
    stack: Annotated[str, typer.Option(metavar="NAME", help="A stack in AWS, or `local`.")],
    name: Annotated[str | None, typer.Option(help="Only what waits for this template [default: any].")] = None,
    as_json: AsJson = False,
) -> None:
    """Read documents anew that are held for want of a template: they are dropped again, and judged by today's."""
    found = _read_anew(stack, name, "it is read anew by the templates of today")
    show({"read_anew": found}, as_json, screens.facts)


@contextmanager
def _lying(document: str, stack: str | None) -> Generator[Path]:
    """The document on this machine: by its path, or fetched by the id of its file."""
    from penstock_ops.documents import stack_templates
    from penstock_ops.operate import operations, rereading, stack_ports
    from penstock_ops.operate.reporting import row_of

    if stack is None:
        yield Path(document)
        return
    named = stack_templates.named_stack(stack)
    outputs = operations.connect(named)

    async def fetched() -> bytes:
        async with stack_ports.open_stack(outputs, named) as ports:
            return rereading.S3Originals().fetch(await row_of(ports.ledger, document))

    with tempfile.TemporaryDirectory(prefix="penstock-document-") as folder:
        path = Path(folder) / document
        path.write_bytes(asyncio.run(fetched()))
        yield path


def _read_anew(stack: str, template: str | None, note: str) -> list[dict[str, Any]]:
    """The files that waited, and as which they are read anew."""
    from penstock_ops.documents import stack_templates
    from penstock_ops.operate import operations, rereading, stack_ports

    named = stack_templates.named_stack(stack)
    outputs = operations.connect(named)

    async def read() -> list[dict[str, Any]]:
        async with stack_ports.open_stack(outputs, named) as ports:
            return await rereading.read_all_anew(ports, rereading.S3Originals(), template, note)

    return asyncio.run(read())


@verbs.command()
def retire(
    template: Annotated[str, typer.Argument(help="NAME/VERSION.")],
    templates: Folder = TEMPLATES,
    stack: OfStack = None,
    as_json: AsJson = False,
) -> None:
    """Read no document by a template any more; it stays where it is."""
    from penstock_ops.documents import registering, stack_templates

    with stack_templates.folder_of(stack, templates) as folder:
        found, path = registering.retired(template, folder)
    show(registering.summary_of(found) | {"file": _shown(path, stack)}, as_json, screens.facts)
