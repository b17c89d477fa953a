"""What a command line can be wrong about."""

from penstock.model.errors import PenstockError


class WrongUse(PenstockError):
    """Raised when the command line asks for what there is not."""
