"""Lambda's event source mappings behind their port."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, transient_faults
from penstock.model.errors import Transient

_UNSETTLED = frozenset({"ResourceConflictException", "ResourceInUseException", "ResourceNotFoundException"})
"""What Lambda says while a mapping is being made, changed or removed."""


@dataclass(frozen=True, slots=True)
class LambdaMappings:
    """As `Mappings`. `client` gives Lambda's client: few invocations ever need it. `function` is what the
    mappings call, a function by its name or an alias by its ARN; `queues` the ARN of each feed's queue."""

    client: Callable[[], Awaitable[Any]]
    function: str
    queues: Mapping[str, str]

    async def switch(self, feed: str, on: bool) -> None:
        """As `Mappings.switch`. A mapping that is on its way there is left alone."""
        if feed not in self.queues:
            raise Transient(f"the feed {feed} has no queue of its own")
        client = await self.client()
        try:
            with transient_faults():
                listed = await client.list_event_source_mappings(
                    FunctionName=self.function, EventSourceArn=self.queues[feed]
                )
                if not listed["EventSourceMappings"]:
                    raise Transient(f"the queue of the feed {feed} has no mapping")
                (mapping,) = listed["EventSourceMappings"]
                if mapping["State"] not in (_ON if on else _OFF):
                    await client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
        except ClientError as error:
            if code_of(error) in _UNSETTLED:
                raise Transient(f"the mapping of the feed {feed} cannot be switched now: {code_of(error)}") from error
            raise


_ON = ("Enabled", "Enabling")
_OFF = ("Disabled", "Disabling")
