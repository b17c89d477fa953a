"""The verbs that need no AWS at all: judge a file right here, reckon its digest."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from penstock.model.errors import Transient
from penstock.split.tree_digest import LEAF, TreeDigest
from penstock_ops.check.check_file import TEMPLATES
from penstock_ops.check.check_file import check as check_file
from penstock_ops.check.operator_settings import settings_in
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, exit_for, known_feed, show
from penstock_ops.console.progress import bytes_bar
from penstock_ops.console.visible import visible


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.command()(check)
    app.command()(digest)


def check(
    file: Annotated[Path, typer.Argument(help="The file to judge.")],
    feed: Annotated[
        str | None,
        typer.Option(help="Its feed; without it, the feed its folder names or that fits.", callback=known_feed),
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="Where rejects go [default: FILE.rejects.csv, here].")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="The feed's settings, as JSON: what is held, what the rules ask.", exists=True)
    ] = None,
    records: Annotated[
        Path | None, typer.Option(help="Where to write what would be delivered, a JSON object a line.")
    ] = None,
    templates: Annotated[Path, typer.Option(help="The folder of templates that documents are read by.")] = TEMPLATES,
    acknowledgements: Annotated[
        Path | None, typer.Option(help="Where to write what the sender would be told: a 997, 999, TA1 or CONTRL.")
    ] = None,
    sheet: Annotated[str, typer.Option(help="Of a workbook the sheet that is read, by its name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Judge a file right here, without AWS: what would happen to it if it were dropped. Rejects go to
    FILE.rejects.csv; of a zip file's second file to FILE.rejects.2.csv, and so on. Those of an earlier check are
    removed."""
    _refuse_to_write_over(file, {"--rejects": rejects, "--records": records, "--acknowledgements": acknowledgements})
    rejects_to = rejects or _default_for_rejects(file)
    try:
        settings = settings_in(policy) if policy else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--policy") from None
    try:
        with bytes_bar("checking", file.stat().st_size, as_json) as advance:
            choose = _ask if sys.stdin.isatty() and sys.stderr.isatty() and not as_json else None
            checked = check_file(
                file,
                feed,
                rejects_to,
                advance,
                records,
                settings,
                templates=templates,
                acknowledgements_to=acknowledgements,
                choose=choose,
                sheet=sheet,
            ).as_dict()
    except Transient as error:
        raise typer.BadParameter(str(error), param_hint="--policy") from None
    for one in (checked, *checked.get("entries", ())):
        if one["guessed"] and not screens.out.is_terminal:
            name = one.get("file", str(file))
            sentence = f"{name}: taken for {one['feed']} by its {one['guessed']}; --feed says otherwise"
            screens.err.print(visible(sentence), soft_wrap=True)
    show(checked, as_json, screens.checked)
    exit_for(checked)


def _refuse_to_write_over(file: Path, outputs: Mapping[str, Path | None]) -> None:
    for option, path in outputs.items():
        if path and path.exists() and file.exists() and path.samefile(file):
            raise typer.BadParameter("that is the file to judge", param_hint=option)


def _default_for_rejects(file: Path) -> Path:
    """FILE.rejects.csv, here. Those of an earlier check of more files in the archive are removed."""
    path = Path(f"{file.name}.rejects.csv")
    numbered = re.compile(re.escape(path.stem) + r"\.[0-9]+\.csv")
    for other in Path().iterdir():
        if numbered.fullmatch(other.name) and other.is_file():
            other.unlink()
    return path


def _ask(feeds: Sequence[str]) -> str:
    said = ""
    while said not in feeds:
        said = str(typer.prompt(f"It may be a file of {' or '.join(feeds)}. Which", err=True)).strip()
    return said


def digest(
    file: Annotated[Path, typer.Argument(help="The file as it was dropped; of a compressed one, what is in it.")],
    as_json: AsJson = False,
) -> None:
    """Reckon a file's digest, to compare with `sha256_tree` in its report: SHA-256 over a tree of its mebibytes."""
    tree = TreeDigest()
    with bytes_bar("reading", file.stat().st_size, as_json) as advance, file.open("rb") as source:
        while block := source.read(8 * LEAF):
            tree.push(block)
            advance(len(block))
    show(
        {"file": str(file), "bytes": file.stat().st_size, "sha256_tree": tree.hexdigest()},
        as_json,
        screens.facts,
    )
