"""Everything that can go wrong, in one tree.

    PenstockError
    ├── Transient            try again later, by visibility; nothing has been decided
    │   ├── Busy             another worker holds the lease
    │   ├── LeaseLost        our lease passed to another worker; whatever we were doing is theirs now
    │   └── NotNow           nothing failed here; later is just as good, and costs no attempt
    │       ├── OutOfTime    the invocation ends before the work could
    │       ├── BookedOut    the destination's time is given to others
    │       ├── CircuitOpen  the destination is down
    │       ├── Throttled    an engine elsewhere has enough to do
    │       ├── NewerRelease a newer release has begun it, and ends it
    │       └── Misconfigured  what an operator has set is wrong; somebody must mend it
    ├── Permanent            an outcome, with a reason; never retried
    │   ├── Refused          the whole file cannot be read
    │   ├── Defective        a function of ours fails at the file, until it is mended
    │   └── ObjectMissing    the pinned object version is gone
    ├── Unanswered           sent, and no answer: nobody knows; the claim and the key stay
    ├── NotTaken             an engine elsewhere takes no such document
    ├── JobGone              a job of an engine elsewhere is known to nobody any more
    ├── MalformedMessage     a message nobody here can read: it fails, loudly, until it lies in the DLQ
    └── OtherCut             a message, or this release, is of another cut of the file than the ledger: it fails, too

No message of these errors carries record content: they end in logs and traces.
"""

from collections.abc import Mapping

from penstock.model.setbacks import Setback


class PenstockError(Exception):
    """The root; never raised itself."""


class Transient(PenstockError):
    """Raised when trying again later can succeed.

    `after` is the least number of seconds to wait, None where the usual backoff decides. Of a chunk, `batches` are
    those whose calls failed: their numbers by reason. Where a stage has noted in the ledger that it failed, `setback`
    is what it noted, and `wait` the seconds after which it is to be tried again.
    """

    def __init__(self, reason: str, after: float | None = None, batches: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.after = after
        self.batches = batches or {}
        self.setback: Setback | None = None
        self.wait: float | None = None


class Busy(Transient):
    """Raised when another worker holds the lease on the file or chunk."""


class LeaseLost(Transient):
    """Raised when a ledger write finds that the lease has passed to another worker."""


class NotNow(Transient):
    """Raised when nothing failed, but nothing can go on now: this is no attempt, and none is counted."""


class OutOfTime(NotNow):
    """Raised when the remaining time of the invocation is under its margin."""


class BookedOut(NotNow):
    """Raised when the destination's time is given to others for longer than the invocation lasts."""


class CircuitOpen(NotNow):
    """Raised when the destination's circuit is open."""


class Throttled(NotNow):
    """Raised when an engine elsewhere takes no more pages for now."""


class NewerRelease(NotNow):
    """Raised when a row, a message or an output was written by a newer release, in a form that this one does not know:
    it is left alone until that release is back."""


class Misconfigured(NotNow):
    """Raised when a destination's settings are wrong: nothing is sent, no attempt counted, no circuit opened."""


class Permanent(PenstockError):
    """Raised when trying again can never succeed. `code` is a finding code, `message` a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Refused(Permanent):
    """Raised when a file as a whole cannot be accepted."""


class Defective(Permanent):
    """Raised when a function of ours has failed at a file's bytes, as it will whenever it meets them again (see
    `defects`)."""


class ObjectMissing(Permanent):
    """Raised when the pinned version of an object does not exist any more."""


class Unanswered(PenstockError):
    """Raised when a request may have reached the destination, and no answer came back."""


class NotTaken(PenstockError):
    """Raised when an engine elsewhere takes no such document, however often it is asked; the message says why."""


class JobGone(PenstockError):
    """Raised when an engine elsewhere does not know a job any more: Amazon Textract keeps what it has read for seven
    days."""


class OtherCut(PenstockError):
    """Raised when a file was cut into chunks otherwise than a message has it, or than this release can. Nothing is done
    by halves: the ledger's cut is the one that counts."""


class MalformedMessage(PenstockError):
    """Raised when a message has no known type or version, or does not have its form."""
