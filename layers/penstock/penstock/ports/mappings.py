"""The port of event source mappings, which the circuit switches."""

from typing import Protocol


class Mappings(Protocol):
    """The dispatcher's event source mappings, one a feed's queue."""

    async def switch(self, feed: str, on: bool) -> None:
        """Has the feed's mapping poll, or not. Invocations under way come to their end.

        Raises:
            Transient: it is not known to have been switched.
        """
        ...
