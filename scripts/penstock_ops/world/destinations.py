"""Where each feed's records go: settings in Parameter Store, first written by the template."""

import json
from collections.abc import Mapping
from typing import Any

from .errors import WorldError
from .stack import Stack

NO_AUTH = {"kind": "none"}


class Destinations:
    """The destination settings of a deployed stack, by feed."""

    def __init__(self, stack: Stack, outputs: Mapping[str, str]) -> None:
        self._path = outputs["DestinationsPath"]
        self._secrets = outputs["SecretsPrefix"]
        self._ssm = stack.client("ssm")
        self._vault = stack.client("secretsmanager")

    def urls(self) -> dict[str, str]:
        """By feed, of those that the template has a destination for, in the order of the alphabet."""
        pages = self._ssm.get_paginator("get_parameters_by_path").paginate(Path=self._path)
        rows = [row for page in pages for row in page["Parameters"]]
        urls = {row["Name"].rpartition("/")[2]: json.loads(row["Value"])["url"] for row in rows}
        return dict(sorted(urls.items()))

    def point(self, feed: str, url: str, auth: Mapping[str, str]) -> None:
        """Sends the feed's records there; pace, batch size and the rest stay what they are. The circuit bears more than
        elsewhere: the demo API fails now and then on purpose, and a demo should not wait for a probe each time.

        Raises:
            WorldError: the stack has no such feed.
        """
        known = self.urls()
        if feed not in known:
            raise WorldError(f"there is no feed {feed!r}; there are: {', '.join(known)}")
        settings = {**self._settings(feed), "url": url, "auth": dict(auth), "error_share": 0.5}
        self._ssm.put_parameter(Name=self._name(feed), Value=json.dumps(settings, indent=2), Overwrite=True)

    def keep_secret(self, name: str, value: Mapping[str, str]) -> str:
        """Puts it in Secrets Manager; returns the name by which a destination refers to it."""
        full_name = f"{self._secrets}{name}"
        try:
            self._vault.create_secret(Name=full_name, SecretString=json.dumps(value))
        except self._vault.exceptions.ResourceExistsException:
            self._vault.put_secret_value(SecretId=full_name, SecretString=json.dumps(value))
        return full_name

    def _settings(self, feed: str) -> dict[str, Any]:
        answer = self._ssm.get_parameter(Name=self._name(feed))
        return json.loads(answer["Parameter"].get("Value", "{}"))

    def _name(self, feed: str) -> str:
        return f"{self._path}/{feed}"
