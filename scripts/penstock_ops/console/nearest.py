"""Names that a command line may have wrong."""

from collections.abc import Iterable

from penstock_ops.console.errors import WrongUse
from penstock_ops.wording.nearest import hint


def ensure_known(what: str, said: str, known: Iterable[str], otherwise: str = "") -> str:
    """What was said, if there is such a thing. `otherwise` says where to look for those that there are.

    Raises:
        WrongUse: there is none; the nearest is named.
    """
    names = sorted(known)
    if said in names:
        return said
    near = hint(said, names)
    raise WrongUse(
        f"there is no {what} {said}{near}{f'{" " if near.endswith("?") else "; "}{otherwise}' if otherwise else ''}"
    )
