"""The port of templates: what forms look like, kept where every worker finds them. What stands in one, only the reader
of documents knows."""

from collections.abc import Mapping
from typing import Protocol


class Templates(Protocol):
    """The templates, a file each."""

    async def all(self) -> Mapping[str, bytes]:
        """Every one by its file's name.

        Raises:
            Transient: they could not be read.
        """
        ...

    async def put(self, name: str, body: bytes) -> None:
        """Keeps one under its file's name, in place of what was there."""
        ...
