"""Names of lanes, as "tower/north": a feed's name, and what its keys call the lane; for what is in none, the feed's."""

import re

#: What may stand in the name of a parameter, a message's group and a row's key.
_LANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)


def name_of(feed: str, lane: str) -> str:
    """A feed's lane by its name; the feed's own where a lane cannot be called so.

    >>> name_of("tower", "north"), name_of("tower", "a zone!"), name_of("tower", "")
    ('tower/north', 'tower', 'tower')
    """
    return f"{feed}/{lane}" if _LANE.fullmatch(lane) else feed


def parts_of(name: str) -> tuple[str, str]:
    """The feed and its lane, "" for none.

    >>> parts_of("tower/north"), parts_of("traffic")
    (('tower', 'north'), ('traffic', ''))
    """
    feed, _, lane = name.partition("/")
    return feed, lane


def told(name: str) -> dict[str, str]:
    """The feed and the lane, for events and reports; of what is in no lane the feed alone.

    >>> told("tower/north"), told("traffic")
    ({'feed': 'tower', 'lane': 'north'}, {'feed': 'traffic'})
    """
    feed, lane = parts_of(name)
    return {"feed": feed} | ({"lane": lane} if lane else {})
