"""The verb `feeds`: which there are, or everything about one."""

from typing import Annotated

import typer

from penstock.feeds import FEEDS
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, known_feed, show
from penstock_ops.console.errors import WrongUse
from penstock_ops.feed_pages.description import described, described_whole
from penstock_ops.feed_pages.page import page_of


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(feeds)


def feeds(
    name: Annotated[str | None, typer.Argument(help="The feed to tell everything about.", callback=known_feed)] = None,
    page: Annotated[bool, typer.Option("--page", help="Print its page of docs/feeds, as Markdown.")] = False,
    as_json: AsJson = False,
) -> None:
    """The feeds there are; or of one its formats, fields and findings."""
    if name is None:
        if page:
            raise WrongUse("--page is of one feed: penstock feeds NAME --page")
        show([described(feed) for feed in FEEDS.values()], as_json, screens.feeds)
        return
    if page:
        # It is our own text, line by line, as it goes into a file.
        written = page_of(FEEDS[name])
        show({"page": written}, as_json, lambda _: print(written, end=""))  # noqa: T201
        return
    show(described_whole(FEEDS[name]), as_json, screens.feed)
