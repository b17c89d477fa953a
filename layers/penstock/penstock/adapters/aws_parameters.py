"""Settings of destinations from SSM Parameter Store, secrets from Secrets Manager. Both are kept for a while, and both
change without a deploy."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import TypeAdapter, ValidationError

from penstock.adapters.aws_faults import code_of
from penstock.model.errors import Misconfigured, Transient
from penstock.ports.destination import DestinationSettings, WrongSettings, read_settings

SETTINGS_AGE = 60  #: seconds settings and secrets are kept before they are read again
UNCONFIGURED = 60.0  #: seconds until settings that are wrong are read again

type Client = Callable[[], Awaitable[Any]]
"""Gives a client, which is made when it is first asked for."""

_FAULTS = (ClientError, BotoCoreError, OSError, TimeoutError)


@dataclass(slots=True)
class Kept:
    """Texts by their names, as `fetch` gives them, each at most `seconds` old."""

    fetch: Callable[[str], Awaitable[str]]
    seconds: float
    _texts: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])

    async def get(self, name: str) -> str:
        """The text of that name."""
        fetched, text = self._texts.get(name, (float("-inf"), ""))
        if monotonic() >= fetched + self.seconds:
            fetched, text = self._texts[name] = monotonic(), await self.fetch(name)
        return text


class Secrets:
    """Secrets of Secrets Manager, each kept for so many seconds."""

    def __init__(self, client: Client, seconds: float = SETTINGS_AGE) -> None:
        self._client, self._kept = client, Kept(self._fetch, seconds)
        self._reader: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])

    async def secret(self, name: str) -> dict[str, str]:
        """A secret, a JSON object of strings.

        Raises:
            Transient: there is none, or it cannot be read.
        """
        try:
            return self._reader.validate_json(await self._kept.get(name))
        except (*_FAULTS, ValidationError):
            raise Transient(f"the secret {name} cannot be read, or is no JSON object of strings") from None

    async def _fetch(self, name: str) -> str:
        answer = await (await self._client()).get_secret_value(SecretId=name)
        return answer.get("SecretString", "")


class ParameterSettings:
    """What is set of destinations, and what they ask to be shown."""

    def __init__(
        self, ssm: Client, secrets: Client, path: str, *, private: bool = False, seconds: float = SETTINGS_AGE
    ) -> None:
        """A feed's settings are below `path`; `private` allows destinations at private addresses. What was read is kept
        for so many `seconds`."""
        self._ssm, self._secrets = ssm, Secrets(secrets, seconds)
        self._path, self._private = path, private
        self._parameters = Kept(self._parameter, seconds)
        self._lanes = Kept(self._parameter_if_any, seconds)

    async def settings(self, feed: str) -> DestinationSettings:
        """The settings of a feed's destination.

        Raises:
            Misconfigured: they are wrong.
            Transient: there are none, or they cannot be read.
        """
        return self._read(feed, await self._text(self._parameters, feed))

    async def own_settings(self, lane: str) -> DestinationSettings | None:
        """As `Destination.own_settings`."""
        text = await self._text(self._lanes, lane)
        return self._read(lane, text) if text else None

    async def lanes(self, feed: str) -> list[str]:
        """As `Destination.lanes`."""
        path, token, names = f"{self._path}/{feed}", "", list[str]()
        try:
            while True:
                more = {"NextToken": token} if token else {}
                page = await (await self._ssm()).get_parameters_by_path(Path=path, **more)
                names += [parameter["Name"].removeprefix(f"{self._path}/") for parameter in page["Parameters"]]
                token = page.get("NextToken", "")
                if not token:
                    return sorted(names)
        except _FAULTS as error:
            raise Transient(f"the lanes below {path} cannot be listed") from error

    async def _text(self, kept: Kept, name: str) -> str:
        try:
            return await kept.get(f"{self._path}/{name}")
        except _FAULTS as error:
            raise Transient(f"the destination's settings {self._path}/{name} cannot be read") from error

    def _read(self, name: str, text: str) -> DestinationSettings:
        try:
            return read_settings(text, private=self._private)
        except WrongSettings as error:
            where = f"{self._path}/{name}"
            raise Misconfigured(f"the destination's settings {where} are wrong: {error}", UNCONFIGURED) from None

    async def secret(self, name: str) -> dict[str, str]:
        """As `Secrets.secret`."""
        return await self._secrets.secret(name)

    async def _parameter(self, name: str) -> str:
        answer = await (await self._ssm()).get_parameter(Name=name)
        return answer["Parameter"]["Value"]

    async def _parameter_if_any(self, name: str) -> str:
        """The parameter, "" where there is none."""
        try:
            return await self._parameter(name)
        except ClientError as error:
            if code_of(error) != "ParameterNotFound":
                raise
            return ""
