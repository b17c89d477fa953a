"""How many examples a law is tried on. For each commit a third of them, always the same ones; `make properties`, and so
`make prove`, tries all of them, on others each time."""

from hypothesis import settings

ALL = 100  #: Hypothesis's own number, by which the profile's counts

settings.register_profile("gate", settings.get_profile("ci"), max_examples=ALL // 3)


def examples(most: int) -> int:
    """Of so many, those that the profile has time for."""
    return most * settings().max_examples // ALL
