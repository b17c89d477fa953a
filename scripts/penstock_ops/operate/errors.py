"""What an operator can ask for in vain. Each ends as one sentence on stderr."""

from penstock.model.errors import PenstockError


class NotFound(PenstockError):
    """Raised when there is no such file, record or batch."""


class Unacknowledged(PenstockError):
    """Raised when a file's senders cannot be told what became of it."""


class NoNote(PenstockError):
    """Raised when a decision is not said why."""
