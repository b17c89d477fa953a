"""The verbs `templates …`: what forms look like, made from one good document each and kept in a folder."""

import json
import sys
from collections.abc import Sequence
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


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.add_typer(verbs, name="templates")


@verbs.command()
def draft(
    document: Annotated[Path, typer.Argument(help="One good document of the form.")],
    kind: Annotated[str, typer.Option(help="What kind of document it is, as the tower feed's page lists them.")],
    values: Annotated[
        Path, typer.Option(help="JSON: each field's text as it is printed; of a table a list with its first row.")
    ],
    name: Annotated[str, typer.Option(help="What the form is called: NAME, or NAME/VERSION.")],
    critical: Annotated[
        str, typer.Option(help="Fields that a verdict of drift hangs on, comma between [default: all].")
    ] = "",
    templates: Folder = TEMPLATES,
    as_json: AsJson = False,
) -> None:
    """Make a template from one good document."""
    from penstock_ops.documents import registering

    said: dict[str, Any] = json.loads(values.read_text(encoding="utf-8"))
    if type(said) is not dict:
        raise WrongUse(f"{values.name} must be an object of fields with their texts")
    names = [one.strip() for one in critical.split(",") if one.strip()]
    asked = _Chooser(as_json)
    made, path = registering.made_from(document, kind, said, name, names, templates, asked.choose)
    show(registering.summary_of(made) | {"file": str(path), "chosen": asked.chosen}, as_json, screens.facts)


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
def list_all(templates: Folder = TEMPLATES, as_json: AsJson = False) -> None:
    """List the templates of a folder."""
    from penstock_ops.documents import registering

    show(registering.listed(templates), as_json, screens.templates)


@verbs.command("show")
def show_one(
    template: Annotated[str, typer.Argument(help="NAME/VERSION, or NAME for the newest.")],
    templates: Folder = TEMPLATES,
    as_json: AsJson = False,
) -> None:
    """Show a template as it is kept."""
    from penstock_documents.template import dump
    from penstock_ops.documents import registering

    found = registering.find(template, templates)
    show(found.model_dump(mode="json"), as_json, lambda _: screens.out.print(dump(found), markup=False, end=""))


@verbs.command()
def diff(
    one: Annotated[str, typer.Argument(help="A template.")],
    other: Annotated[str, typer.Argument(help="Another one.")],
    templates: Folder = TEMPLATES,
    as_json: AsJson = False,
) -> None:
    """Tell what differs between two templates, field by field."""
    from penstock_ops.documents import registering

    registry = registering.registry_of(templates)
    found = registering.differences(registry.find(one), registry.find(other))
    show(found, as_json, screens.differences)


@verbs.command()
def accept(
    document: Annotated[Path, typer.Argument(help="A document that has drifted from its template.")],
    templates: Folder = TEMPLATES,
    as_json: AsJson = False,
) -> None:
    """Accept how a form looks now: the template's next version is made from the document."""
    from penstock_ops.documents import registering

    asked = _Chooser(as_json)
    old, new, path = registering.accepted(document, templates, asked.choose)
    summary = registering.summary_of(new) | {"file": str(path), "from": old.id}
    show(summary | {"changes": registering.differences(old, new)}, as_json, screens.facts)


@verbs.command()
def retire(
    template: Annotated[str, typer.Argument(help="NAME/VERSION.")],
    templates: Folder = TEMPLATES,
    as_json: AsJson = False,
) -> None:
    """Read no document by a template any more; it stays where it is."""
    from penstock_ops.documents import registering

    found, path = registering.retired(template, templates)
    show(registering.summary_of(found) | {"file": str(path)}, as_json, screens.facts)
