"""Realistic files of every feed, each record's outcome known beforehand."""

from .crew import CREW
from .freight import FREIGHT
from .mro import MRO
from .sample import SampleGenerator
from .tower import TOWER
from .traffic import TRAFFIC

SAMPLES: dict[str, SampleGenerator] = {"traffic": TRAFFIC, "crew": CREW, "freight": FREIGHT, "mro": MRO, "tower": TOWER}
