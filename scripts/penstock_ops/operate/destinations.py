"""A feed's destination as an operator sees it: its settings, what is wrong with them, and whether anybody answers."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

import boto3
from yarl import URL

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_parameters import ParameterSettings
from penstock.adapters.http_destination import HttpDestination, Tokens, http_session
from penstock.adapters.system_clock import SystemClock
from penstock.feeds import FEEDS
from penstock.feeds.feed import Feed
from penstock.feeds.lanes import has_lanes
from penstock.identity.examination import policy_of
from penstock.model.errors import Misconfigured, Transient
from penstock.model.lane_names import parts_of, told
from penstock.ports.destination import DestinationSettings, Directory, WrongSettings, read_settings
from penstock_ops.operate.clients import operators_clients
from penstock_ops.operate.errors import NotFound

MASKED = "…"
_NOT_ACCEPTED = (401, 403, 407)
_NOT_THERE = (404, 410, 421)


def directory_of(aws: AwsClients, outputs: Mapping[str, str]) -> ParameterSettings:
    """What is set of a stack's destinations."""
    private = outputs.get("PrivateDestinations") == "true"
    return ParameterSettings(aws.ssm, aws.secrets, outputs["DestinationsPath"], private=private)


async def lanes_of(directory: Directory, feeds: Iterable[str]) -> list[str]:
    """The lanes of these feeds that have destinations of their own."""
    return [lane for feed in sorted(feeds) if has_lanes(feed) for lane in await directory.lanes(feed)]


@dataclass(frozen=True, slots=True)
class Destinations:
    """The destinations of a deployed stack."""

    outputs: Mapping[str, str]

    @property
    def feeds(self) -> list[str]:
        """Those that the stack has."""
        return sorted(json.loads(self.outputs["DispatchQueues"]))

    @property
    def private(self) -> bool:
        """Whether they may be at private addresses."""
        return self.outputs.get("PrivateDestinations") == "true"

    def read(self, name: str) -> str:
        """The settings of a feed's destination, or of a lane's own, as they were written.

        Raises:
            NotFound: the stack has no such feed, or no settings of it.
        """
        feed, lane = parts_of(name)
        if feed not in FEEDS or feed not in self.feeds:
            raise NotFound(f"the stack has no feed {feed}; there are: {', '.join(self.feeds)}")
        ssm: Any = boto3.client("ssm")
        parameter = f"{self.outputs['DestinationsPath']}/{name}"
        try:
            return ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            otherwise = f"; the lane's records go where the others of {feed} go" if lane else ""
            raise NotFound(f"{name} has no settings: there is no parameter {parameter}{otherwise}") from None

    def settings(self, name: str) -> DestinationSettings:
        """The settings of a feed's destination, or of a lane's own.

        Raises:
            WrongSettings: they are wrong.
            NotFound: there are none.
        """
        return checked(FEEDS[parts_of(name)[0]], self.read(name), private=self.private)

    def wrong(self, lanes: Iterable[str]) -> dict[str, list[str]]:
        """What is wrong with the settings of each feed that has wrong ones, or none, and of each of these lanes."""
        found: dict[str, list[str]] = {}
        for name in (*self.feeds, *lanes):
            try:
                self.settings(name)
            except WrongSettings as error:
                found[name] = error.problems
            except NotFound as error:
                found[name] = [str(error)]
        return found

    def show(self, name: str) -> dict[str, Any]:
        """The settings of a feed's destination, or of a lane's own, with all that is left out, and what is wrong with
        them. Nothing in it is a secret."""
        text = self.read(name)
        try:
            described: Any = asdict(checked(FEEDS[parts_of(name)[0]], text, private=self.private))
            wrong: list[str] = []
        except WrongSettings as error:
            described, wrong = _json(text), error.problems
        return told(name) | {"wrong": wrong, "settings": masked(described)}

    async def check(self, name: str) -> dict[str, Any]:
        """Whether somebody answers at a feed's destination, or a lane's own, and takes our credentials: one call that
        does nothing."""
        described: dict[str, Any] = told(name) | {
            "fine": False,
            "called": None,
            "status": None,
            "milliseconds": None,
        }
        try:
            settings = self.settings(name)
        except WrongSettings as error:
            return described | {"verdict": f"nothing was called, as its settings are wrong: {error}"}
        clock, began = SystemClock(), time.monotonic()
        async with http_session(private=self.private) as http, operators_clients() as aws:
            parameters = directory_of(aws, self.outputs)
            destination = HttpDestination(http, parameters, Tokens(http, clock, parameters.secret), clock)
            try:
                called, status = await destination.look(settings)
            except Transient as error:
                return described | {
                    "verdict": f"{error}; it was called from here, which may be another way than the stack's"
                }
        fine, verdict = verdict_of(status, by_health=bool(settings.health))
        passed = round((time.monotonic() - began) * 1000)
        return described | {
            "fine": fine,
            "called": called,
            "status": status,
            "milliseconds": passed,
            "verdict": verdict,
        }


def checked(feed: Feed, text: str, *, private: bool) -> DestinationSettings:
    """Settings, with the operator's policy in them.

    Raises:
        WrongSettings: they are wrong.
    """
    settings = read_settings(text, private=private)
    try:
        policy_of(feed, settings.policy)
    except Misconfigured as error:
        raise WrongSettings([str(error)]) from None
    return settings


def verdict_of(status: int, *, by_health: bool) -> tuple[bool, str]:
    """What an answer to a harmless call says: whether all is as it should be, and a sentence."""
    if status in _NOT_ACCEPTED:
        return False, f"it answers {status}: it is there, and does not take our credentials; look at auth"
    if status in _NOT_THERE and not by_health:
        return (
            False,
            f"it answers {status}: it is there, and has nothing at this URL, or not for HEAD; set health to be sure",
        )
    if 300 <= status < 400:
        return False, f"it answers {status}: it sends us elsewhere, where we never go; set url to where it is"
    if status >= 500 and status != 501:
        return False, f"it answers {status}: it is there, and not well"
    if 200 <= status < 300:
        return True, f"it answers {status}: it is there, and takes our credentials"
    if by_health:
        return False, f"it answers {status}: it is there, and its health path is not as it should be"
    return True, f"it answers {status} to HEAD: it is there; whether it takes records, only a batch can tell"


_PLAIN = frozenset(DestinationSettings.__dataclass_fields__) - {"url", "auth"}
_PLAIN_AUTH = frozenset({"kind", "secret", "scope"})


def masked(described: Any) -> Any:
    """Settings without what may be a secret: what a URL has beside its path, and whatever has another name than a
    setting. `auth.secret` is the name of one."""
    if not isinstance(described, dict):
        return MASKED
    settings = cast(dict[str, Any], described)
    return {name: _masked(name, value) for name, value in settings.items()}


def _masked(name: str, value: Any) -> Any:
    if name == "url":
        return _masked_url(value)
    if name == "auth" and isinstance(value, dict):
        auth = cast(dict[str, Any], value)
        return {
            part: one if part in _PLAIN_AUTH else _masked_url(one) if part == "token_url" else MASKED
            for part, one in auth.items()
        }
    return value if name in _PLAIN else MASKED


def _masked_url(value: Any) -> str:
    try:
        url = URL(value)
        origin = str(url.origin()) if url.host else ""
    except (TypeError, ValueError, IndexError):
        return MASKED
    beside = "?" + MASKED if url.query_string or url.fragment else ""
    return f"{origin}{url.path}{beside}" if origin else (MASKED if value else "")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
