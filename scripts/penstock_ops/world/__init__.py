"""The local world: MiniStack, this checkout deployed to it by SAM, and a destination to post to."""

from .errors import CommandFailed, WorldError
from .lifecycle import LOCAL_PARAMETERS, Status, World, current, down, restart, status, up
from .project import HOME

__all__ = [
    "HOME",
    "LOCAL_PARAMETERS",
    "CommandFailed",
    "Status",
    "World",
    "WorldError",
    "current",
    "down",
    "restart",
    "status",
    "up",
]
