"""R31: compressed files, however they arrive, expand to what the standard library makes of them, or are refused."""

import gzip
import lzma
import random
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.errors import Refused, Transient
from penstock.split import compression
from penstock.split.compression import PIECE, SLICE, Expander, Kind, kind_of
from tests.support.archives import COMPRESS, EXPAND, Stage, expanded

KINDS = sorted(COMPRESS)
MIB = 1024 * 1024


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


def refusal_of(kind: Kind, data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        expanded(kind, data)
    return refused.value.code


def mixed(size: int) -> bytes:
    """Some of it packs well, some not at all."""
    return random.Random(size).randbytes(size // 2) + b"spot;" * (size // 10)


# -- what it is


def test_data_is_known_by_its_first_bytes(kind: Kind) -> None:
    assert kind_of(COMPRESS[kind](b"")) is kind
    assert kind_of(COMPRESS[kind](b"x" * 1000)) is kind


@pytest.mark.parametrize(
    "head", [b"", b"B", b"BZh9,station\n", b"PK,station\n", b"spot_id\n", b"\xff\xfea\0", b"%PDF-1.7", b'{"a":1}']
)
def test_what_is_not_compressed_is_nothing(head: bytes) -> None:
    assert kind_of(head) is None


@pytest.mark.parametrize(
    "head",
    [
        b"7z\xbc\xaf\x27\x1c\0\4",
        b"Rar!\x1a\x07\x01\0",
        b"\x04\x22\x4d\x18d",
        b"\x1f\x9d\x90",
        b"a" * 257 + b"ustar\x0000",
    ],
)
def test_kinds_that_are_not_read_are_refused_by_name(head: bytes) -> None:
    with pytest.raises(Refused) as refused:
        kind_of(head)
    assert refused.value.code == "archive.unsupported"


# -- what comes out


@given(
    kind=st.sampled_from(KINDS),
    bodies=st.lists(st.one_of(st.binary(max_size=300), st.just(b"a" * 5000)), min_size=1, max_size=3),
    blocks=st.lists(st.integers(1, 50), max_size=5),
    padding=st.sampled_from([0, 4, 512]),
)
def test_the_bytes_are_those_of_the_standard_library_however_the_file_is_cut(
    kind: Kind, bodies: list[bytes], blocks: list[int], padding: int
) -> None:
    """Of one stream or several, with zeros behind them or not. Pieces so small that every one is filled."""
    data = b"".join(map(COMPRESS[kind], bodies))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "PIECE", 7)
        patch.setattr(compression, "SLICE", 13)

        assert expanded(kind, data + bytes(padding), blocks) == EXPAND[kind](data) == b"".join(bodies)


@given(
    kind=st.sampled_from(KINDS),
    body=st.binary(max_size=200),
    at=st.integers(0, 10_000),
    change=st.one_of(st.integers(1, 255), st.sampled_from(["cut", "doubled"])),
    blocks=st.lists(st.integers(1, 50), max_size=3),
)
def test_a_damaged_file_gives_the_right_bytes_or_a_refusal(
    kind: Kind, body: bytes, at: int, change: int | str, blocks: list[int]
) -> None:
    """One byte changed, the end missing, or a part twice."""
    data = COMPRESS[kind](body)
    at %= len(data)
    if change == "cut":
        damaged = data[:at]
    elif isinstance(change, int):
        damaged = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
    else:
        damaged = data[: at + 1] + data[at:]
    try:
        said: bytes | str = expanded(kind, damaged, blocks)
    except Refused as refused:
        said = refused.code
    assert said in (body, "archive.damaged", "archive.truncated", "archive.trailing", "archive.memory")


@given(kind=st.sampled_from(KINDS), data=st.binary(max_size=300), blocks=st.lists(st.integers(1, 50), max_size=3))
def test_bytes_of_no_kind_are_refused(kind: Kind, data: bytes, blocks: list[int]) -> None:
    with pytest.raises(Refused):
        expanded(kind, b"\xfe" + data, blocks)


def test_a_file_that_breaks_off_is_truncated(kind: Kind) -> None:
    data = COMPRESS[kind](mixed(10_000))

    assert {refusal_of(kind, data[:end]) for end in range(0, len(data), 97)} == {"archive.truncated"}


def test_another_stream_that_breaks_off_is_truncated(kind: Kind) -> None:
    data = COMPRESS[kind](b"first") + COMPRESS[kind](b"second")

    assert refusal_of(kind, data[:-3]) == "archive.truncated"


def test_what_follows_the_end_is_refused(kind: Kind) -> None:
    assert refusal_of(kind, COMPRESS[kind](b"first") + b"Cheers, your station") == "archive.trailing"


def test_damage_in_another_stream_is_not_taken_for_what_follows(kind: Kind) -> None:
    second = bytearray(COMPRESS[kind](mixed(10_000)))
    second[len(second) // 2] ^= 0xFF

    assert refusal_of(kind, COMPRESS[kind](b"first") + bytes(second)) == "archive.damaged"


def test_a_wrong_checksum_is_damage() -> None:
    data = bytearray(gzip.compress(b"spots"))
    data[-8] ^= 1

    assert refusal_of(Kind.GZIP, bytes(data)) == "archive.damaged"


def test_zstd_frames_to_be_skipped_are_skipped() -> None:
    skipped = b"\x5f\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"

    assert kind_of(skipped) is Kind.ZSTD
    assert expanded(Kind.ZSTD, skipped + zstd.compress(b"spots") + skipped, [3]) == b"spots"


def test_a_window_that_wants_gigabytes_is_refused() -> None:
    """Some bytes of a header make a decoder ask for as much as it says (RFC 8878 §3.1.1.1.2)."""
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 30}
    compressor = zstd.ZstdCompressor(options=options)
    xz = lzma.compress(b"spots", preset=9)

    assert refusal_of(Kind.ZSTD, compressor.compress(b"spots") + compressor.flush()) == "archive.memory"
    assert expanded(Kind.XZ, xz) == b"spots"
    assert refusal_of(Kind.XZ, _with_dictionary_of_a_gigabyte(xz)) == "archive.memory"


def _with_dictionary_of_a_gigabyte(data: bytes) -> bytes:
    """An xz file whose only block asks for that (the .xz format, §3.1 and §5.3.1)."""
    header = bytearray(data[12 : 12 + (data[12] + 1) * 4])
    header[header.index(0x21) + 2] = 36
    header[-4:] = zlib.crc32(header[:-4]).to_bytes(4, "little")
    return data[:12] + bytes(header) + data[12 + len(header) :]


# -- bombs


def bomb(size: int) -> Iterator[bytes]:
    """gzip of so many zeros, which it packs a thousandfold."""
    compressor = zlib.compressobj(9, wbits=31)
    for _ in range(0, size, MIB):
        if packed := compressor.compress(bytes(MIB)):
            yield packed
    yield compressor.flush()


def test_memory_does_not_grow_with_what_comes_out(kind: Kind) -> None:
    """16 MiB and 64 MiB of zeros, in one block each: the same peak, a few pieces high."""
    peaks: list[int] = []
    for size in (16 * MIB, 64 * MIB):
        data = b"".join(bomb(size)) if kind is Kind.GZIP else COMPRESS[kind](bytes(size))
        tracemalloc.start()
        expander = Expander(kind)
        largest = max(len(piece) for piece in expander.push(data))
        expander.finish()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert largest <= PIECE
    assert peaks[1] < peaks[0] + PIECE + SLICE


async def test_a_bomb_is_refused_long_before_it_has_gone_off() -> None:
    data = b"".join(bomb(256 * MIB))
    stage = Stage()

    with pytest.raises(Refused) as refused:
        await stage.prepare(data)

    assert refused.value.code == "archive.ratio"
    assert stage.store.work == {}


async def test_a_file_that_grows_too_far_is_refused(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MOST_BYTES", 3 * MIB)

    with pytest.raises(Refused) as refused:
        await Stage().prepare(COMPRESS[kind](mixed(4 * MIB)))

    assert refused.value.code == "archive.too_large"


async def test_a_small_file_may_grow_as_it_likes(kind: Kind) -> None:
    body = b"spot;" * MIB

    assert len(body) / len(COMPRESS[kind](body)) > compression.MOST_RATIO
    assert await Stage().body(COMPRESS[kind](body)) == body


async def test_compressed_data_within_is_refused(kind: Kind) -> None:
    for inner in (*(COMPRESS[other](b"spots") for other in KINDS), b"PK\x03\x04 spots", b"7z\xbc\xaf\x27\x1c"):
        with pytest.raises(Refused) as refused:
            await Stage().prepare(COMPRESS[kind](inner))
        assert refused.value.code == "archive.nested"


async def test_a_file_that_takes_too_long_is_tried_again() -> None:
    """What fits the limits has the time it needs; whatever took it passes, and is no reason to refuse the file."""
    stage = Stage()
    file = stage.store.drop("traffic/a.gz", gzip.compress(b"spots"))
    staging = stage.staging()
    await stage.clock.sleep(901)

    with pytest.raises(Transient):
        await staging.prepare(file, None)
    assert stage.store.work == {}
