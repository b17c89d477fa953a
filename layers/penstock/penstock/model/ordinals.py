"""Rising ordinals as text, runs folded: what ledger rows and messages hold of the records they are about."""

from collections.abc import Iterable


def folded(ordinals: Iterable[int]) -> str:
    """Rising ordinals as ranges.

    >>> folded((0, 1, 2, 3, 7))
    '0-3,7'
    """
    runs: list[list[int]] = []
    for ordinal in ordinals:
        if runs and runs[-1][1] == ordinal - 1:
            runs[-1][1] = ordinal
        else:
            runs.append([ordinal, ordinal])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def unfolded(ranges: str) -> tuple[int, ...]:
    """The ordinals again.

    >>> unfolded("0-3,7")
    (0, 1, 2, 3, 7)

    Raises:
        ValueError: these are no ranges.
    """
    ordinals: list[int] = []
    for run in filter(None, ranges.split(",")):
        first, _, last = run.partition("-")
        ordinals.extend(range(int(first), int(last or first) + 1))
    return tuple(ordinals)
