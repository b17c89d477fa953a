"""Forms about towers, a page each, as PDF or as a scan of 300 dots an inch."""

from collections import Counter
from itertools import islice
from typing import BinaryIO

from penstock_ops.samples.sample import Outcome, SampleGenerator, SampleOptions, expectation_line

from .faults import entries
from .paper import pdf, scanned


def write_tower(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    """Writes the document and what must become of each form; counts them by outcome."""
    outcomes = Counter[Outcome]()
    made = list(islice(entries(options.seed, options.faults), options.records))
    for ordinal, entry in enumerate(made):
        outcomes[entry.expected.outcome] += 1
        if expected is not None:
            expected.write(expectation_line(ordinal, ordinal + 1, entry.expected).encode())
    document = pdf([entry.page for entry in made])
    out.write(scanned(document) if options.format == "tiff" else document)
    return outcomes


TOWER = SampleGenerator(formats={"pdf": "pdf", "tiff": "tif"}, write=write_tower)
