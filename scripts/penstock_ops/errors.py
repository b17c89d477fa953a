"""What an operator can ask for in vain. Each ends as one sentence on stderr."""

from penstock.model.errors import PenstockError


class WrongUse(PenstockError):
    """Raised when the command line asks for what there is not."""


class NotFound(PenstockError):
    """Raised when there is no such file, record or batch."""
