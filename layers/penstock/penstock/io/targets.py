"""Where a lane's records go."""

from dataclasses import dataclass

from penstock.model.lane_names import parts_of
from penstock.ports.destination import DestinationSettings, Directory


@dataclass(frozen=True, slots=True)
class Target:
    """A destination: its name, a feed's or a lane's, by which `Throttle` knows it, and its settings."""

    name: str
    settings: DestinationSettings


async def target_of(directory: Directory, lane: str) -> Target:
    """The lane's own destination if it has one, else its feed's.

    Raises:
        Misconfigured: the settings are wrong.
        Transient: there are none, or they cannot be read.
    """
    feed, own = parts_of(lane)
    settings = await directory.own_settings(lane) if own else None
    return Target(lane, settings) if settings else Target(feed, await directory.settings(feed))
