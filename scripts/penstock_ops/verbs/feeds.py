"""The verb `feeds`: which there are, or everything about one."""

import json
from pathlib import Path
from typing import Annotated

import typer

from penstock.feeds import FEEDS
from penstock.feeds.declared.declaration import FeedDeclaration
from penstock.model.errors import Misconfigured
from penstock_ops.check.operator_settings import settings_in
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, known_feed, show
from penstock_ops.console.errors import WrongUse
from penstock_ops.feed_pages.description import described, described_whole
from penstock_ops.feed_pages.own_policy import described_policy
from penstock_ops.feed_pages.page import page_of


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(feeds)


def feeds(
    name: Annotated[
        str | None, typer.Argument(help="The feed to tell everything about; `show NAME` is the same.")
    ] = None,
    shown: Annotated[str | None, typer.Argument(help="After `show`, the feed.")] = None,
    page: Annotated[bool, typer.Option("--page", help="Print its page of docs/feeds, as Markdown.")] = False,
    policy: Annotated[
        Path | None,
        typer.Option(help="The feed's settings, as JSON: show the policy in them, and try its examples.", exists=True),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of declared feeds, for editors.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The feeds there are; or of one its formats, fields and findings, and an operator's own policy."""
    if schema:
        print(json.dumps(FeedDeclaration.model_json_schema(), indent=2))  # noqa: T201
        return
    if name == "show" and shown:
        name, shown = shown, None
    name = known_feed(name)
    if shown or (policy and (name is None or page)):
        raise WrongUse("one feed at a time: penstock feeds show NAME, with --policy FILE or --page")
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
    if policy:
        _own_policy(name, policy, as_json)
        return
    show(described_whole(FEEDS[name]), as_json, screens.feed)


def _own_policy(name: str, path: Path, as_json: bool) -> None:
    try:
        own = settings_in(path).policy
        described = described_policy(FEEDS[name], own)
    except (ValueError, Misconfigured) as error:
        raise typer.BadParameter(str(error), param_hint="--policy") from None
    if not own:
        raise typer.BadParameter("the file has no `policy`, or an empty one", param_hint="--policy")
    show(described, as_json, screens.policy)
    if not all(one["holds"] for one in described["examples"]):
        raise typer.Exit(1)
