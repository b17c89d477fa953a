"""A chunk is whole invoices up to so many lines or bytes; no invoice is ever cut, and an invoice of more lines travels
alone. The chunks are the same however the file is read and wherever its splitter stops (R28)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Feed, Limits
from penstock.feeds.freight import FREIGHT
from tests.support import edi
from tests.support.budget import examples
from tests.support.documents import MESSAGE, Document, as_cii, as_ubl, message_file
from tests.support.edi import BARS, LINES, STARS, UMLAUTS, Words
from tests.support.invoices import ITEMS, SELLER, freight_bill, goods_bill, ubl, ubl_file
from tests.support.reading import Split, Stop, split_file, split_in_hops, tiny_windows

LINE: Sequence[Words] = (("LX", "1"), ("L5", "1", "LX AND IT1, SAID IN A TEXT"), ("L1", "1", "", "", "100"))


def bill(lines: int) -> list[Words]:
    return freight_bill(lines=[*LINE] * lines)


def interchange(lines: Sequence[int], **how: Any) -> bytes:
    return edi.interchange([edi.st(at, bill(some)) for at, some in enumerate(lines, 1)], **how)


def documents(lines: Sequence[int]) -> bytes:
    texts = [ubl(lines=["1.00"] * some, root="Invoice" if some % 2 else "FreightInvoice") for some in lines]
    return f"<Invoices>{'<!-- next -->'.join(texts)}</Invoices>".encode()


def freight(lines: int | None, records: int = 5000, size: int = 45_000_000) -> Feed:
    return replace(FREIGHT, limits=replace(FREIGHT.limits, lines=lines, records=records, bytes=size))


def expected(lines: Sequence[int], most: int, records: int = 5000) -> list[int]:
    """How many invoices each chunk has, told from the numbers alone."""
    chunks: list[list[int]] = []
    for some in lines:
        if chunks and sum(chunks[-1]) + some <= most and len(chunks[-1]) < records:
            chunks[-1].append(some)
        else:
            chunks.append([some])
    return [len(chunk) for chunk in chunks]


def sizes(split: Split) -> list[int]:
    return [span.records for span in split.spans]


def test_the_feeds_own_limits_are_750_lines_and_45_megabytes() -> None:
    assert (FREIGHT.limits.lines, FREIGHT.limits.bytes) == (750, 45_000_000)
    assert sizes(split_file(FREIGHT, interchange([300, 300, 150, 1, 748, 1, 1]))) == [3, 3, 1]


def test_an_invoice_of_more_lines_travels_alone_and_whole() -> None:
    body = interchange([2, 751, 2])
    split = split_file(FREIGHT, body)
    assert sizes(split) == [1, 1, 1]
    assert split.raws_of(split.spans[1])[0].count(b"LX*") == 751


counts = st.lists(st.integers(0, 7), min_size=1, max_size=14)
blocks = st.lists(st.integers(1, 400), max_size=4)
hops = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 50)), max_size=6)


@settings(max_examples=examples(150), deadline=None)
@given(counts, st.integers(1, 9), st.integers(1, 6), st.sampled_from([STARS, BARS, LINES, UMLAUTS]), blocks, hops)
def test_chunks_of_interchanges_hold_as_many_lines_as_they_may(
    lines: list[int], most: int, records: int, marks: Any, sizes_of: list[int], stops: list[Stop]
) -> None:
    feed, body = freight(most, records), interchange(lines, delimiters=marks)
    whole = split_file(feed, body)
    assert sizes(whole) == expected(lines, most, records)
    assert whole.raws == split_file(freight(None), body).raws
    with tiny_windows(64, 8, 100):
        assert split_file(feed, body, sizes_of).spans == whole.spans
        assert split_in_hops(feed, body, sizes_of, stops).spans == whole.spans


@settings(max_examples=examples(100), deadline=None)
@given(counts, st.integers(1, 9), st.integers(1, 6), blocks, hops)
def test_chunks_of_documents_do_too(
    lines: list[int], most: int, records: int, sizes_of: list[int], stops: list[Stop]
) -> None:
    feed, body = freight(most, records), documents(lines)
    whole = split_file(feed, body)
    assert sizes(whole) == expected(lines, most, records)
    assert whole.raws == split_file(freight(None), body).raws
    with tiny_windows(64, 8, 300):
        assert split_file(feed, body, sizes_of).spans == whole.spans
        assert split_in_hops(feed, body, sizes_of, stops).spans == whole.spans


@settings(max_examples=examples(100), deadline=None)
@given(counts, st.integers(1, 9), st.integers(100, 2000), st.sampled_from([interchange, documents]), blocks, hops)
def test_the_records_are_the_files_for_any_limits(
    lines: list[int], most: int, size: int, write: Any, sizes_of: list[int], stops: list[Stop]
) -> None:
    limits = Limits(records=3, lines=most, bytes=size, record_bytes=20_000)
    feed, body = replace(FREIGHT, limits=limits), write(lines)
    whole = split_file(feed, body)
    assert whole.raws == split_file(freight(None), body).raws
    for span in whole.spans:
        assert span.records == 1 or span.end - span.start <= size
    assert split_file(feed, body, sizes_of).spans == whole.spans
    assert split_in_hops(feed, body, sizes_of, stops).spans == whole.spans


def test_a_chunk_ends_where_an_interchange_of_other_delimiters_begins_whatever_its_lines() -> None:
    body = interchange([1, 1]) + interchange([1, 1], delimiters=BARS, control=2)
    assert sizes(split_file(freight(750), body)) == [2, 2]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (edi.interchange([edi.st(1, goods_bill(), "810")]), 2),
        (edi.interchange([edi.st(1, [SELLER, ("REF", "LX"), ("LXA", "1"), *ITEMS], "810")]), 2),
        (edi.interchange([edi.st(1, bill(3))], newline="\r\n"), 3),
        (ubl_file(ubl()), 2),
        (ubl_file(ubl(root="FreightInvoice", line="InvoiceLine")), 2),
        (ubl_file(ubl()).replace(b"cac:", b"c-a.c:"), 2),
        (as_ubl(Document(), root="CreditNote"), 2),
        (as_cii(Document()), 2),
        (message_file(MESSAGE, MESSAGE), 4),
        (ubl_file(ubl(lines=())).replace(b"</Invoice>", b"<InvoiceLine/><InvoiceLineReference/></Invoice>"), 1),
    ],
)
def test_lines_are_counted_by_their_tags(body: bytes, lines: int) -> None:
    split = split_file(FREIGHT, body)
    assert FREIGHT.lines is not None
    assert FREIGHT.lines(split.layout, body) == lines
