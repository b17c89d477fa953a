"""Removals and installations of components with their release certificates, as a maintenance system exports them.

Components come one after the other, each with all that was done to it, the first first.
"""

from collections import Counter
from typing import BinaryIO

from penstock_ops.samples.lines import FORMATS, write_lines
from penstock_ops.samples.sample import Outcome, SampleGenerator, SampleOptions

from .faults import Faults
from .headings import HEADINGS
from .shop import components


def write_mro(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    """Writes the records and what must become of each; counts them by outcome."""
    faults = Faults(options.seed, options.faults)
    entries = (entry for done in components(options.seed) for entry in faults.spoil(done))
    return write_lines(out, options, expected, entries, HEADINGS)


MRO = SampleGenerator(formats=FORMATS, write=write_mro)
