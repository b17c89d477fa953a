"""Time as the server sees it; tests hand in their own."""

from collections.abc import Awaitable, Callable

#: Seconds since the epoch.
type Clock = Callable[[], float]
type Sleep = Callable[[float], Awaitable[None]]
