"""Realistic files of every feed, each record's outcome known beforehand."""

from .sample import SampleGenerator
from .traffic import TRAFFIC

SAMPLES: dict[str, SampleGenerator] = {"traffic": TRAFFIC}
