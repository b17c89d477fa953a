"""Interchanges that were wrapped into lines of one width come out as they went in, however the bytes are cut."""

import json
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.split.unwrapping import Unwrapper, width_of
from tests.support import edi
from tests.support.budget import examples
from tests.support.invoices import freight_bill, goods_bill, x12_file
from tests.support.pipeline import Pipeline

PLAIN = x12_file(freight_bill(), goods_bill(), kinds=["210", "810"])


def wrapped(body: bytes, width: int = 80, newline: bytes = b"\n", trims: bool = False) -> bytes:
    lines = [body[at : at + width] for at in range(0, len(body), width)]
    return newline.join(line.rstrip(b" ") if trims else line for line in lines) + newline


def unwrapped(body: bytes, blocks: list[int]) -> bytes:
    width = width_of(body[:512])
    assert width
    unwrapper, pieces, at = Unwrapper(width), list[bytes](), 0
    for size in [*blocks, len(body)]:
        pieces.append(unwrapper.push(body[at : at + size]))
        at += size
    return b"".join([*pieces, unwrapper.finish()])


@settings(max_examples=examples(200), deadline=None)
@given(
    st.integers(20, 100), st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.lists(st.integers(1, 200), max_size=9)
)
def test_what_was_wrapped_comes_out_as_it_went_in(width: int, newline: bytes, trims: bool, blocks: list[int]) -> None:
    """But for blanks that were cut off a line's end, and came back."""
    if any(PLAIN[at : at + width].isspace() for at in range(0, len(PLAIN), width)):
        return
    told = unwrapped(wrapped(PLAIN, width, newline, trims), blocks)
    assert told.rstrip(b" ") == PLAIN.rstrip(b" ")


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        # A line a segment, whatever the terminator.
        edi.interchange([edi.st(1)], newline="\n"),
        edi.interchange([edi.st(1)], delimiters=edi.LINES),
        # An ISA whose padding was trimmed ends early, with all of its elements.
        b"ISA*00**00**02*CARRIER*ZZ*PAYER*261120*2115*U*00401*1*0*P*:~\nGS*IM*A*B*20261120*2115*1*X*004010~\n",
        # A line that ends within an ISA, and others of other lengths: nobody knows what that is.
        b"ISA*00*          *00*\nISA*00*      \nGS*IM*A*B*20261120*2115*1*X*004010~\nX\n",
        textwrap.fill("ISA is how this text begins, which is no interchange at all " * 5, 80).encode(),
        b"",
    ],
)
def test_what_is_not_wrapped_is_left_alone(body: bytes) -> None:
    assert width_of(body[:512]) is None


async def test_a_wrapped_interchange_is_delivered_like_any_other() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(wrapped(PLAIN), "freight/wrapped.edi")
    await pipeline.run()

    assert await pipeline.assert_sound(file, received=2) == {"delivered": 2}
    numbers = {record["invoice_number"] for _, body in pipeline.api.bodies for record in body["records"]}
    assert numbers == {"INV-1", "INV-2"}
    assert json.loads(pipeline.store.work[f"reports/{file.file_id}/summary.json"])["balanced"]
