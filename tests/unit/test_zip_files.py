"""R31: zip files. Each file in one is what was packed, or it is refused; a zip file that could be read in two ways
is no archive."""

import io
import struct
import zipfile
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.errors import Refused
from penstock.split import zips
from penstock.split.compression import UNQUESTIONED
from tests.support.archives import Stage, packed

FILES = {"spots.csv": b"spot_id\r\nS1\r\n" * 50, "november/spots.csv": b"spot_id\r\nS2\r\n", "empty.csv": b""}
ARCHIVE = packed(FILES)

LOCAL, DIRECTORY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


class Unseekable(io.RawIOBase):
    """A pipe: what is packed into it has its sizes behind the data."""

    def __init__(self) -> None:
        self.out = io.BytesIO()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self.out.write(data)


def patched(archive: bytes, record: bytes, at: int, form: str, value: int, which: int = 0) -> bytes:
    """The zip file with another value at a place of the first (or another) record of a kind."""
    begin = -1
    for _ in range(which + 1):
        begin = archive.index(record, begin + 1)
    size = struct.calcsize(form)
    return archive[: begin + at] + struct.pack(form, value) + archive[begin + at + size :]


def named(name: bytes, flags: int = 0) -> bytes:
    """A zip file of one stored file with just this name, in both of its headers."""
    return entry_of(name, b"spots", flags=flags)


def entry_of(
    name: bytes, body: bytes, *, flags: int = 0, method: int = 0, size: int | None = None, extra: bytes = b""
) -> bytes:
    """A zip file of one file, as its writer wishes to describe it."""
    size = len(body) if size is None else size
    about = struct.pack("<4H3L2H", flags, method, 0, 0, zlib.crc32(body), len(body), size, len(name), len(extra))
    local = LOCAL + struct.pack("<H", 20) + about + name + extra
    directory = DIRECTORY + struct.pack("<2H", 20, 20) + about + struct.pack("<3H2L", 0, 0, 0, 0, 0) + name + extra
    begin = len(local) + len(body)
    return local + body + directory + END + struct.pack("<4H2LH", 0, 0, 1, 1, len(directory), begin, 0)


async def refusal_of(archive: bytes) -> str:
    with pytest.raises(Refused) as refused:
        await Stage().entries(archive)
    return refused.value.code


# -- what is packed comes out


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_each_file_comes_out_as_it_was_packed(method: int) -> None:
    assert await Stage().entries(packed(FILES, method)) == FILES


async def test_sizes_behind_the_data_are_as_good() -> None:
    pipe = Unseekable()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in FILES.items():
            archive.writestr(name, body)

    assert await Stage().entries(pipe.out.getvalue()) == FILES


@pytest.mark.parametrize("seekable", [True, False])
async def test_sizes_of_64_bits_are_as_good(seekable: bool) -> None:
    out = io.BytesIO() if seekable else Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in FILES.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(body)
    data = out.getvalue() if isinstance(out, io.BytesIO) else out.out.getvalue()

    assert await Stage().entries(data) == FILES


async def test_a_directory_end_of_64_bits_is_as_good() -> None:
    end = ARCHIVE.index(END)
    entries, length, begin = struct.unpack_from("<H2L", ARCHIVE, end + 10)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, length, begin)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    full = END + struct.pack("<4H2LH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)

    assert await Stage().entries(ARCHIVE[:end] + wide + locator + full) == FILES
    assert await refusal_of(ARCHIVE[:end] + wide + b"?" + locator + full) == "archive.damaged"
    assert await refusal_of(ARCHIVE[:end] + wide + locator + patched(full, END, 10, "<H", 2)) == "archive.damaged"


async def test_a_comment_is_passed_over() -> None:
    commented = patched(ARCHIVE, END, 20, "<H", 65_535) + b"c" * 65_535

    assert await Stage().entries(commented) == FILES


async def test_folders_and_what_macos_adds_are_no_files() -> None:
    extra = {
        "november/": b"",
        "__MACOSX/._spots.csv": b"\0\5\x16\7",
        ".DS_Store": b"Bud1",
        "november/.DS_Store": b"Bud1",
    }

    assert await Stage().entries(packed(FILES | extra)) == FILES


@pytest.mark.parametrize(
    ("raw", "flags", "shown"),
    [
        ("spöts.csv".encode(), 1 << 11, "spöts.csv"),
        ("spöts.csv".encode("cp437"), 0, "spöts.csv"),
        (rb"november\spots.csv", 0, "november/spots.csv"),
        (b"a..b.csv", 0, "a..b.csv"),
    ],
)
async def test_a_name_is_shown_as_its_sender_meant_it(raw: bytes, flags: int, shown: str) -> None:
    assert list(await Stage().entries(named(raw, flags))) == [shown]


def unicode_name(of: bytes, name: str) -> bytes:
    """Info-ZIP's extra field: another name for the one in the header, if that is still the one it was written for."""
    told = struct.pack("<BL", 1, zlib.crc32(of)) + name.encode()
    return struct.pack("<2H", 0x7075, len(told)) + told


@pytest.mark.parametrize(("of", "shown"), [(b"sp_ts.csv", "spöts.csv"), (b"other.csv", "sp_ts.csv")])
async def test_a_name_in_an_extra_field_counts_if_it_is_of_this_file(of: bytes, shown: str) -> None:
    extra = unicode_name(of, "spöts.csv")
    assert list(await Stage().entries(entry_of(b"sp_ts.csv", b"spots", extra=extra))) == [shown]


# -- what is refused


@pytest.mark.parametrize(
    "name",
    [
        b"/etc/passwd", b"../spots.csv", b"a/../../spots.csv", b"a/./b", b"a//b", b"..", b"C:\\spots.csv",
        b"c:spots.csv", b"\\\\server\\spots.csv", b"spots.csv\0.exe", b"spots\n.csv", b"\x1b[2Jspots.csv",
        b"", b"s" * 401,
    ],
)  # fmt: skip
async def test_a_name_that_leads_elsewhere_or_cannot_be_shown_is_refused(name: bytes) -> None:
    assert await refusal_of(named(name)) == "archive.name"


@pytest.mark.parametrize("name", [b"sp\xff.csv", "gpj.‮csv".encode()])
async def test_a_name_that_is_no_text_is_refused(name: bytes) -> None:
    """Bytes that are not the UTF-8 they should be; a character that turns the rest of a line around."""
    assert await refusal_of(named(name, flags=1 << 11)) == "archive.name"


async def test_a_name_twice_is_refused() -> None:
    assert await refusal_of(packed({"a.csv": b"1", "b.csv": b"2"}).replace(b"b.csv", b"a.csv")) == "archive.name"


@pytest.mark.parametrize("end", range(4, len(ARCHIVE), 7))
async def test_an_archive_that_breaks_off_is_refused(end: int) -> None:
    assert await refusal_of(ARCHIVE[:end]) == "archive.truncated"


async def test_what_follows_the_end_is_refused() -> None:
    assert await refusal_of(ARCHIVE + b"\n") == "archive.truncated"


async def test_an_end_within_the_comment_is_refused() -> None:
    """Readers differ in which of the two they believe."""
    other = END + bytes(18)
    assert await refusal_of(patched(ARCHIVE, END, 20, "<H", len(other)) + other) == "archive.damaged"


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        (patched(ARCHIVE, END, 4, "<H", 1), "archive.unsupported"),
        (patched(ARCHIVE, END, 8, "<H", 1), "archive.unsupported"),
        (patched(ARCHIVE, DIRECTORY, 34, "<H", 1), "archive.unsupported"),
        (patched(patched(ARCHIVE, END, 8, "<H", 2), END, 10, "<H", 2), "archive.damaged"),
        (patched(patched(ARCHIVE, END, 8, "<H", 4), END, 10, "<H", 4), "archive.damaged"),
        (patched(ARCHIVE, END, 12, "<L", 4), "archive.damaged"),
        (patched(ARCHIVE, END, 16, "<L", 4), "archive.damaged"),
        (patched(ARCHIVE, DIRECTORY, 0, "<L", 0), "archive.damaged"),
        (patched(ARCHIVE, DIRECTORY, 30, "<H", 9), "archive.damaged"),
        (patched(ARCHIVE, DIRECTORY, 8, "<H", 1), "archive.encrypted"),
        (patched(ARCHIVE, DIRECTORY, 8, "<H", 64), "archive.encrypted"),
        (patched(ARCHIVE, DIRECTORY, 10, "<H", 99), "archive.encrypted"),
        (patched(ARCHIVE, DIRECTORY, 10, "<H", 9), "archive.method"),
        (patched(ARCHIVE, DIRECTORY, 8, "<H", 32), "archive.method"),
        (patched(ARCHIVE, DIRECTORY, 10, "<H", 0), "archive.damaged"),
        (patched(ARCHIVE, DIRECTORY, 20, "<L", 0xFFFFFFFF), "archive.damaged"),
        (patched(ARCHIVE, DIRECTORY, 42, "<L", 0x7FFFFFFF), "archive.overlap"),
        (patched(ARCHIVE, DIRECTORY, 42, "<L", 0, which=1), "archive.overlap"),
        (patched(ARCHIVE, DIRECTORY, 16, "<L", 7), "archive.mismatch"),
        (patched(ARCHIVE, LOCAL, 14, "<L", 7), "archive.mismatch"),
        (patched(ARCHIVE, LOCAL, 22, "<L", 7), "archive.mismatch"),
        (patched(ARCHIVE, LOCAL, 8, "<H", 0), "archive.mismatch"),
        (patched(ARCHIVE, LOCAL, 6, "<H", 1), "archive.mismatch"),
        (patched(ARCHIVE, LOCAL, 6, "<H", 32), "archive.mismatch"),
        (patched(ARCHIVE, LOCAL, 30, "<B", ord("z")), "archive.mismatch"),
        (patched(ARCHIVE, LOCAL, 0, "<L", 7, which=1), "archive.damaged"),
        (patched(ARCHIVE, LOCAL, 28, "<H", 60_000), "archive.overlap"),
        (packed({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}), "format.binary"),
        (packed({"only/": b""}), "archive.empty"),
        (packed({}), "archive.empty"),
        (packed({"inner.zip": ARCHIVE}), "archive.nested"),
        (packed({"inner.gz": b"\x1f\x8b\x08"}), "archive.nested"),
    ],
)
async def test_an_archive_that_contradicts_itself_or_cannot_be_read_is_refused(archive: bytes, code: str) -> None:
    assert await refusal_of(archive) == code


async def test_damaged_data_is_refused_and_the_other_files_are_not() -> None:
    stored = packed(FILES, zipfile.ZIP_STORED)
    at = stored.index(b"S1")
    stage = Stage()

    messages = await stage.prepare(stored[:at] + b"S7" + stored[at + 2 :])

    assert isinstance(messages, list)
    first, *others = messages
    with pytest.raises(Refused) as refused:
        await stage.entry(first)
    assert refused.value.code == "archive.checksum"
    assert [await stage.entry(other) for other in others] == [FILES["november/spots.csv"], b""]


@given(at=st.integers(len(LOCAL), len(ARCHIVE) - 1), change=st.integers(1, 255))
async def test_any_byte_changed_gives_the_packed_files_or_a_refusal(at: int, change: int) -> None:
    """Their bytes, that is: a name, a time or a comment may be anything. A file may also be called a folder then."""
    stage = Stage()
    try:
        files = await stage.entries(ARCHIVE[:at] + bytes([ARCHIVE[at] ^ change]) + ARCHIVE[at + 1 :])
    except Refused as refused:
        files = {}
        code = refused.code
    else:
        code = "archive."
    assert set(files.values()) <= set(FILES.values())
    assert code.startswith("archive.")


# -- bombs


async def test_more_files_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST_ENTRIES", 2)

    assert await refusal_of(ARCHIVE) == "archive.entries"


async def test_files_that_are_too_large_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST_ALTOGETHER", 600)

    assert await refusal_of(ARCHIVE) == "archive.too_large"


async def test_a_file_that_claims_to_be_huge_is_refused_unread() -> None:
    assert await refusal_of(entry_of(b"a.csv", b"\0\0", method=8, size=UNQUESTIONED + 1)) == "archive.ratio"
    assert await refusal_of(patched(ARCHIVE, DIRECTORY, 24, "<L", 0xFFFFFFF0)) == "archive.ratio"


async def test_files_that_grow_together_are_refused_though_none_does_alone() -> None:
    body = bytes(UNQUESTIONED // 2)

    assert list(await Stage().entries(packed({"a": body, "b": body}))) == ["a", "b"]
    assert await refusal_of(packed({"a": body, "b": body, "c": body})) == "archive.ratio"


@pytest.mark.parametrize("claimed", [10, 999])
async def test_a_file_that_lies_about_its_size_is_refused(claimed: int) -> None:
    body = zlib.compress(b"spots" * 100, wbits=-15)

    assert await refusal_of(entry_of(b"a.csv", body, method=8, size=claimed)) == "archive.mismatch"


async def test_files_that_share_their_data_are_refused() -> None:
    """The bomb that no ratio of a single file gives away: every file is the same kernel (D. Fifield, "A better zip
    bomb", 2019)."""
    kernel = zlib.compress(bytes(1000), wbits=-15)
    about = struct.pack("<4H3L", 0, 8, 0, 0, zlib.crc32(bytes(1000)), len(kernel), 1000)
    local = LOCAL + struct.pack("<H", 20) + about + struct.pack("<2H", 1, 0) + b"a" + kernel
    directory = b"".join(
        DIRECTORY + struct.pack("<2H", 20, 20) + about + struct.pack("<5H2L", 1, 0, 0, 0, 0, 0, 0) + name
        for name in (b"a", b"b", b"c")
    )
    end = END + struct.pack("<4H2LH", 0, 0, 3, 3, len(directory), len(local), 0)

    assert await refusal_of(local + directory + end) == "archive.overlap"


async def test_a_local_header_that_reaches_into_the_next_file_is_refused() -> None:
    """The other half of that bomb: headers quoted in the extra field of the one before them."""
    archive = packed({"a.csv": b"1", "b.csv": b"2"}, zipfile.ZIP_STORED)
    quoting = patched(archive, LOCAL, 28, "<H", 4)
    at = quoting.index(b"a.csv") + 5

    assert await refusal_of(quoting[:at] + struct.pack("<2H", 0x9999, 0) + quoting[at + 4 :]) == "archive.overlap"
