"""What goes wrong, and when: decided by the seed alone, one draw a call."""

import random
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Everything that can go wrong."""

    # at any call of a port
    CRASHED_BEFORE = "crashed before"
    CRASHED_AFTER = "crashed after"
    SLOW = "slow"
    OUTLIVED = "outlived its lease"
    # at any call of AWS
    THROTTLED = "throttled"
    ANSWER_LOST = "answer lost"
    DONE_TWICE = "done twice"
    # at a queue
    PARTLY_SENT = "partly sent"
    DOUBLED = "message doubled"
    DELAYED = "message delayed"
    NOT_DELETED = "message not deleted"
    TOLD_TWICE = "S3 told twice"
    # at the destination
    UNREACHABLE = "unreachable"
    APPLIED_UNANSWERED = "applied, unanswered"
    UNANSWERED = "unanswered"
    APPLIED_LATE = "applied late, unanswered"
    REFUSED = "4xx"
    GATE_SHUT = "4xx by a gateway"
    TOO_MANY = "429"
    FAILED = "5xx"
    ODD = "401 or 3xx"
    NONSENSE = "applied, nonsense"
    PROXY_PAGE = "a proxy's page"
    RETURNED = "records returned"
    DOWN = "down"


_ANY = (Kind.CRASHED_BEFORE, Kind.CRASHED_AFTER, Kind.SLOW, Kind.OUTLIVED)
_AWS = (*_ANY, Kind.THROTTLED, Kind.ANSWER_LOST, Kind.DONE_TWICE)

#: What can go wrong where. `api` is decided by the destination itself, after what happened on the way.
PLACES: dict[str, tuple[Kind, ...]] = {
    "store": _AWS,
    "ledger": _AWS,
    "claims": _AWS,
    "throttle": _AWS,
    "mappings": _AWS,
    "events": _AWS,
    "queue": (*_AWS, Kind.PARTLY_SENT),
    # No call is slower than the destination's timeout: how slow it is, the destination itself decides.
    "destination": (Kind.CRASHED_BEFORE, Kind.CRASHED_AFTER, Kind.OUTLIVED),
    "message": (Kind.DOUBLED, Kind.DELAYED),
    "deletion": (Kind.NOT_DELETED,),
    "S3": (Kind.TOLD_TWICE,),
    "api": (
        Kind.UNREACHABLE, Kind.APPLIED_UNANSWERED, Kind.UNANSWERED, Kind.APPLIED_LATE, Kind.REFUSED, Kind.GATE_SHUT,
        Kind.TOO_MANY, Kind.FAILED, Kind.ODD, Kind.NONSENSE, Kind.PROXY_PAGE, Kind.RETURNED,
    ),
}  # fmt: skip

#: How much more often than the others: what happens once a file would else hardly ever go wrong.
_WEIGHT = {"S3": 8.0, "api": 3.0, "message": 2.0, "deletion": 2.0}


EVERY = 1_000_000  #: files, or faults: none is left out


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: its seed, and what is left out of it to make it short. `files` is how many are dropped at most, `until`
    and `skip` number the faults as they come, `without` names kinds of them, and calls."""

    seed: int
    files: int = EVERY
    until: int = EVERY
    skip: frozenset[int] = frozenset()
    without: frozenset[str] = frozenset()


class Chaos:
    """Every seed has its own few kinds of fault, some rare, some frequent."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rng = random.Random(plan.seed * 4 + 1)
        self._calm = False
        self._number = 0
        self.struck: list[tuple[int, Kind, str]] = []  #: their numbers, what they were, and where
        share = self._rng.choice((0.15, 0.4, 0.8))
        odds = {kind: 10 ** self._rng.uniform(-3.0, -1.1) for kind in Kind if self._rng.random() < share}
        self._odds = {
            place: [(kind, odds[kind] * _WEIGHT.get(place, 1.0)) for kind in kinds if kind in odds]
            for place, kinds in PLACES.items()
        }
        self._total = {place: sum(chance for _, chance in odds) for place, odds in self._odds.items()}
        #: Seconds after which nothing goes wrong any more.
        self.lasts = self._rng.choice((900.0, 3600.0, 4 * 3600.0, 10 * 3600.0))
        self.outages = self._outages() if Kind.DOWN in odds else []

    def _outages(self) -> list[tuple[float, float, int]]:
        """(from, to, how it shows), in seconds since the beginning."""
        begin = self._rng.uniform(0, 600)
        lasting = self._rng.choice((60.0, 1800.0, 6 * 3600.0))
        return [(begin, begin + lasting, self._rng.randrange(3))]

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self._calm = True

    def strike(self, place: str, call: str = "") -> Kind | None:
        """What goes wrong at this call, if anything does."""
        if self._calm:
            return None
        roll = self._rng.random()
        if roll >= self._total[place]:
            return None
        for kind, chance in self._odds[place]:
            if roll < chance:
                return self.note(kind, call or place)
            roll -= chance
        return None

    def note(self, kind: Kind, call: str) -> Kind | None:
        """Counts a fault, unless the plan leaves it out."""
        if self._calm or kind.name in self._plan.without or call in self._plan.without:
            return None
        number, self._number = self._number, self._number + 1
        if number >= self._plan.until or number in self._plan.skip:
            return None
        self.struck.append((number, kind, call))
        return kind

    def counted(self) -> Counter[Kind]:
        """Faults by kind."""
        return Counter(kind for _, kind, _ in self.struck)


class Quiet(Chaos):
    """Nothing goes wrong but these outages of the destination."""

    def __init__(self, plan: Plan, outages: tuple[tuple[float, float, int], ...]) -> None:
        super().__init__(plan)
        self.outages = list(outages)
        self.lasts = max((end for _, end, _ in outages), default=0.0)
        self._total = dict.fromkeys(PLACES, 0.0)
