"""Commands, as people are told to type them."""

from penstock.model.lane_names import parts_of


def probe_of(name: str) -> str:
    """The command that tries a destination, a feed's or a lane's own.

    >>> probe_of("traffic"), probe_of("tower/north")
    ('penstock probe traffic', 'penstock probe tower --lane north')
    """
    feed, lane = parts_of(name)
    return f"penstock probe {feed}{f' --lane {lane}' if lane else ''}"
