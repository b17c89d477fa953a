"""What the server keeps for one feed, and all of them together."""

from collections import defaultdict

from .behaviour import Behaviour
from .books import Books
from .clock import Clock
from .keys import Keys
from .rate_limit import TokenBucket
from .settings import Settings
from .tokens import Tokens


class Desk:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.bucket = TokenBucket(clock)
        self.keys = Keys(settings.key_retention_seconds, clock)
        self.books = Books()
        #: Attempts that got past the rate limit, by the batch's content.
        self.attempts: defaultdict[bytes, int] = defaultdict(int)


class Office:
    """Everything that changes while the server runs."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """As freshly started: empty books, no keys, no tokens, the behaviour of the start."""
        settings = self.settings
        self.behaviour: Behaviour = settings.behaviour
        self.tokens = Tokens(settings.client_id, settings.client_secret, settings.token_seconds, self.clock)
        self.desks: dict[str, Desk] = {}

    def desk(self, feed: str) -> Desk:
        if feed not in self.desks:
            self.desks[feed] = Desk(self.settings, self.clock)
        return self.desks[feed]
