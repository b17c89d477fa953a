"""The verb `sample`: a file of a feed, made up, with every record's outcome known beforehand."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, show
from penstock_ops.console.errors import WrongUse
from penstock_ops.console.nearest import ensure_known
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(sample)


def _feeds(begun: str) -> list[str]:
    return [name for name in SAMPLES if name.startswith(begun)]


def sample(
    feed: Annotated[
        str, typer.Argument(metavar="FEED", help="The feed whose file it is to be.", autocompletion=_feeds)
    ],
    records: Annotated[int, typer.Option(min=0, help="How many records.")] = 1000,
    faults: Annotated[float, typer.Option(min=0, max=1, help="The share of faulty records.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Another seed, other records.")] = 0,
    format: Annotated[str | None, typer.Option(help="One of the feed's formats.")] = None,  # noqa: A002
    spelling: Annotated[str, typer.Option(help="Column names: canonical or trade.")] = "canonical",
    output: Annotated[Path | None, typer.Option(help="Where to [default: FEED-SEED.ENDING, here].")] = None,
    expected: Annotated[Path | None, typer.Option(help="Also write each record's expected outcome here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a realistic file of a feed, with every record's outcome known beforehand."""
    ensure_known("sample of", feed, SAMPLES)
    generator = SAMPLES[feed]
    format = format or next(iter(generator.formats))  # noqa: A001
    if format not in generator.formats or spelling not in ("canonical", "trade"):
        raise WrongUse(f"formats of {feed}: {', '.join(generator.formats)}; spellings: canonical, trade")
    names: Literal["canonical", "trade"] = "trade" if spelling == "trade" else "canonical"
    options = SampleOptions(records=records, format=format, faults=faults, seed=seed, spelling=names)
    path = output or Path(f"{feed}-{seed}.{generator.formats[format]}")
    with path.open("wb") as out:
        if expected:
            with expected.open("wb") as expectations:
                counts = generator.write(out, options, expectations)
        else:
            counts = generator.write(out, options, None)
    written = {"file": str(path), "bytes": path.stat().st_size, "expected": dict(counts)}
    show(written, as_json, screens.facts)
