"""Rosters of flight crew under 14 CFR Part 117 and EASA ORO.FTL, as a crew system exports them.

Members come one after the other, each with all their duties, so that consecutive records are a group.
"""

from collections import Counter
from typing import BinaryIO

from penstock_ops.samples.lines import FORMATS, write_lines
from penstock_ops.samples.sample import Outcome, SampleGenerator, SampleOptions

from .faults import Faults
from .headings import HEADINGS
from .roster import members


def write_crew(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    """Writes the rosters and what must become of each duty; counts the duties by outcome."""
    faults = Faults(options.seed, options.faults)
    entries = (entry for roster in members(options.seed) for entry in faults.spoil(roster))
    return write_lines(out, options, expected, entries, HEADINGS)


CREW = SampleGenerator(formats=FORMATS, write=write_crew)
