"""Carriers' invoices: interchanges of X12 210 and 810, or UBL documents."""

from collections import Counter
from typing import BinaryIO

from penstock_ops.samples.sample import Outcome, SampleGenerator, SampleOptions

from .documents import write_documents
from .interchanges import write_interchanges

FORMATS = {"x12": "edi", "ubl": "xml"}


def write_freight(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    if options.format not in FORMATS:
        raise ValueError(f"the freight feed has no format {options.format}")
    if options.spelling != "canonical" or options.destination_faults:
        raise ValueError("invoices have no columns to be spelled otherwise, and no fault that only a destination sees")
    write = write_documents if options.format == "ubl" else write_interchanges
    return write(out, options, expected)


FREIGHT = SampleGenerator(formats=FORMATS, write=write_freight)
