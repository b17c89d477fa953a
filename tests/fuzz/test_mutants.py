"""The same laws on every machine, without the fuzzer: samples with a few edits."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.cutting import CONTROL
from tests.fuzz.samples import TOKENS
from tests.fuzz.targets import TARGETS

EXAMPLES = 100
LARGEST = 4096  #: bytes

#: Where, in thousandths of the file; how many bytes are taken out; and what is put in.
edit = st.tuples(st.integers(0, 1000), st.integers(0, 20), st.one_of(st.sampled_from(TOKENS), st.binary(max_size=4)))


def edited(file: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for where, size, token in edits:
        at = len(file) * where // 1000
        file = file[:at] + token + file[at + size :]
    return file[:LARGEST]


@pytest.mark.parametrize("name", TARGETS)
def test_an_edited_sample_keeps_the_law(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.binary(min_size=CONTROL, max_size=CONTROL), st.sampled_from(target.files), st.lists(edit, max_size=5))
    def law(way: bytes, file: bytes, edits: list[tuple[int, int, bytes]]) -> None:
        target.check(way + edited(file, edits))

    law()
