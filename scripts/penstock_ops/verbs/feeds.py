"""The verb `feeds`: which there are, everything about one, or a new one."""

import json
import sys
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
from penstock_ops.world import project


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(feeds)


def feeds(
    name: Annotated[
        str | None,
        typer.Argument(
            help="The feed to tell everything about; `show NAME` is the same. `new NAME` writes one of yours; `place`"
            " gives each feed its place in template.yaml, and takes away that of one that is no more."
        ),
    ] = None,
    shown: Annotated[str | None, typer.Argument(help="After `show` and `new`, the feed.")] = None,
    page: Annotated[bool, typer.Option("--page", help="Print its page of docs/feeds, as Markdown.")] = False,
    policy: Annotated[
        Path | None,
        typer.Option(help="The feed's settings, as JSON: show the policy in them, and try its examples.", exists=True),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of declared feeds, for editors.")
    ] = False,
    sample: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="SAMPLE",
            help="For `new`: a file of the sender's, to guess from.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="For `new`: what its records are, in a line.")] = None,
    fields: Annotated[
        str | None,
        typer.Option(help="For `new` without a sample: `meter_id, read_on:date, reason?`, with ? what may be missing."),
    ] = None,
    identity: Annotated[
        str | None, typer.Option(help="For `new` without a sample: the fields that make two records the same.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The feeds there are; of one its formats, fields and findings, and an operator's own policy; or a new one, whose
    declaration, tests and place in the template are written into this checkout."""
    if name == "new" and shown:
        _new(shown, title, sample, fields, identity, as_json)
        return
    if name == "place" and not shown:
        _place(as_json)
        return
    if sample or title or fields or identity:
        raise WrongUse("--from, --title, --fields and --identity are of a new feed: penstock feeds new NAME")
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


def _new(
    name: str, title: str | None, sample: Path | None, fields: str | None, identity: str | None, as_json: bool
) -> None:
    from penstock_ops.own_feeds import new_feed
    from penstock_ops.own_feeds.guessing import reasons

    title = title or _asked("What its records are, in a line", "--title")
    if sample:
        if fields or identity:
            raise WrongUse("with --from, fields and identity are guessed; change them in what is written")
        found, paths = new_feed.from_sample(name, title, sample, project.ROOT)
    else:
        fields = fields or _asked("Its fields, as in `meter_id, read_on:date, reason?`", "--fields")
        identity = identity or _asked("Those that make two records the same", "--identity")
        found, paths = new_feed.from_answers(name, title, fields, identity, project.ROOT)
    written = [str(path.relative_to(project.ROOT)) for path in paths]
    then = f"read {written[0]}, then: make test-feeds, penstock check FILE --feed {name}, penstock up"
    show({"guessed": dict(reasons(found)), "written": ", ".join(written), "next": then}, as_json, screens.facts)


def _asked(what: str, option: str) -> str:
    """A person's answer, where there is a person."""
    if not sys.stdin.isatty():
        raise WrongUse(f"nobody can be asked here: say {option}")
    return typer.prompt(what)


def _place(as_json: bool) -> None:
    from penstock_ops.own_feeds import new_feed

    changed = new_feed.place(project.ROOT)
    show({"changed": ", ".join(changed) or "nothing: every feed has its place"}, as_json, screens.facts)


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
