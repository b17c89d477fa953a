"""Broadcast traffic logs: a traffic system's export, or a broadcaster's as-run log."""

from collections import Counter
from typing import BinaryIO

from penstock_ops.samples.sample import Outcome, SampleGenerator, SampleOptions

from .asrun import write_asrun
from .log import write_log

FORMATS = {"csv": "csv", "tsv": "tsv", "ndjson": "ndjson", "asrun": "tvb"}


def write_traffic(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    if options.format not in FORMATS:
        raise ValueError(f"the traffic feed has no format {options.format}")
    if options.spelling != "canonical" and options.format not in ("csv", "tsv"):
        raise ValueError(f"{options.format} has no header that could be spelled otherwise")
    write = write_asrun if options.format == "asrun" else write_log
    return write(out, options, expected)


TRAFFIC = SampleGenerator(formats=FORMATS, write=write_traffic)
