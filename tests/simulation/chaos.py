"""What goes wrong, and when: decided by the seed alone, one draw a call."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Everything that can go wrong: faults of running, which strike a call, and those of living, which happen to the
    system while it is used."""

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
    # of living: to queues and stores
    EXPIRED = "message expired"
    PURGED = "queue purged"
    DELETED = "original deleted"
    FORGOTTEN = "rows expired"
    POISONED = "poison in a DLQ and in the ledger"
    ABSURD = "a header larger than its bytes dropped"
    # of living: by a deploy, or the next one, which takes it back
    RECUT = "deployed: other limits"
    RESERIALISED = "deployed: another serialisation"
    RULED = "deployed: a rule more or less"
    RAISING = "deployed: a rule that raises"
    REVERSIONED = "deployed: another version of messages"
    REROWED = "deployed: another version of rows"
    # of living: by an operator's hand
    MOVED = "edited: the destination's URL"
    EDITED = "edited: other settings"
    MISSET = "edited: a bad setting"


LIVING = frozenset(
    {
        Kind.EXPIRED, Kind.PURGED, Kind.DELETED, Kind.FORGOTTEN, Kind.POISONED, Kind.ABSURD,
        Kind.RECUT, Kind.RESERIALISED, Kind.RULED, Kind.RAISING, Kind.REVERSIONED, Kind.REROWED,
        Kind.MOVED, Kind.EDITED, Kind.MISSET,
    }
)  # fmt: skip
RUNNING = tuple(kind for kind in Kind if kind not in LIVING)

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
    "reader": _ANY,
    "engine": _AWS,
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
    and `skip` number the faults as they come, `without` names kinds of them, and calls. Of `only` these kinds there are
    any, if it names some; `also` names kinds of living that strike in this run whatever its seed says. With `papers`,
    most files are documents, and `elsewhere` their scans are read; with `archives`, most are packed; with `lanes`, most
    are in one, and one lane has a destination of its own."""

    seed: int
    files: int = EVERY
    until: int = EVERY
    skip: frozenset[int] = frozenset()
    without: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    papers: bool = False
    elsewhere: bool = False
    archives: bool = False
    lanes: bool = False


class Chaos:
    """Every seed has its own few kinds of fault, some rare, some frequent."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rng = random.Random(plan.seed * 4 + 1)
        self._calm = False
        self._number = 0
        self.struck: list[tuple[int, Kind, str]] = []  #: their numbers, what they were, and where
        share = self._rng.choice((0.15, 0.4, 0.8))
        odds = {kind: 10 ** self._rng.uniform(-3.0, -1.1) for kind in RUNNING if self._rng.random() < share}
        odds |= {kind: odds.get(kind, 0.02) for kind in RUNNING if kind.name in plan.only | plan.also}
        self._odds = {
            place: [(kind, odds[kind] * _WEIGHT.get(place, 1.0)) for kind in kinds if kind in odds]
            for place, kinds in PLACES.items()
        }
        self._total = {place: sum(chance for _, chance in odds) for place, odds in self._odds.items()}
        #: Seconds after which nothing goes wrong any more.
        self.lasts = self._rng.choice((900.0, 3600.0, 4 * 3600.0, 10 * 3600.0))
        self.outages = self._outages() if Kind.DOWN in odds else []
        self._life = random.Random(f"life {plan.seed}")
        self.living = self._living()
        #: What happens to the system when a fault of living strikes it.
        self.happens: Callable[[Kind], None] = lambda kind: None

    def _living(self) -> dict[Kind, float]:
        """How often which fault of living strikes, a call of anybody's: none in half of the seeds, a few in others."""
        share = self._life.choice((0.0, 0.0, 0.2, 0.5))
        drawn = {kind: (self._life.random() < share, 10 ** self._life.uniform(-3.0, -1.7)) for kind in sorted(LIVING)}
        asked = self._plan.also | self._plan.only
        return {
            kind: max(odds, 0.01) if kind.name in asked else odds
            for kind, (is_on, odds) in drawn.items()
            if kind.name not in self._plan.without and ((is_on and not self._plan.only) or kind.name in asked)
        }

    def _outages(self) -> list[tuple[float, float, int]]:
        """(from, to, how it shows), in seconds since the beginning."""
        begin = self._rng.uniform(0, 600)
        lasting = self._rng.choice((60.0, 1800.0, 6 * 3600.0))
        return [(begin, begin + lasting, self._rng.randrange(3))]

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self._calm = True

    def resume(self) -> None:
        """Faults of running go on; nothing happens to the system itself any more."""
        self._calm, self.living = False, {}

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
        if self._plan.only and kind.name not in self._plan.only:
            return None
        number, self._number = self._number, self._number + 1
        if number >= self._plan.until or number in self._plan.skip:
            return None
        self.struck.append((number, kind, call))
        return kind

    def live(self, call: str) -> None:
        """Something may happen to the system just before this call."""
        for kind, chance in self.living.items():
            if kind not in _ELSEWHERE and not self._calm and self._life.random() < chance and self.note(kind, call):
                self.happens(kind)

    def expires(self, call: str) -> bool:
        """Whether the message that is being sent there will not live to be received."""
        chance = self.living.get(Kind.EXPIRED, 0.0) * 5
        return not self._calm and self._life.random() < chance and self.note(Kind.EXPIRED, call) is not None

    def forgets(self) -> bool:
        """Whether rows expire once all has ended: late, when nothing else goes wrong any more."""
        if Kind.FORGOTTEN not in self.living or Kind.FORGOTTEN.name in self._plan.without:
            return False
        self.struck.append((self._number, Kind.FORGOTTEN, "TTL"))
        return self._number < self._plan.until and self._number not in self._plan.skip

    def counted(self) -> Counter[Kind]:
        """Faults by kind."""
        return Counter(kind for _, kind, _ in self.struck)


_ELSEWHERE = (Kind.EXPIRED, Kind.FORGOTTEN)


class Quiet(Chaos):
    """Nothing goes wrong but these outages of the destination."""

    def __init__(self, plan: Plan, outages: tuple[tuple[float, float, int], ...]) -> None:
        super().__init__(plan)
        self.outages = list(outages)
        self.lasts = max((end for _, end, _ in outages), default=0.0)
        self._total, self.living = dict.fromkeys(PLACES, 0.0), {}
