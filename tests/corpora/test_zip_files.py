"""Archives that others made to try zip readers (yauzl's): what is in them, or why they are refused."""

import zipfile

import pytest

from tests.corpora.corpus import FOLDER
from tests.corpora.zip_files import ARCHIVES, about, verdict

#: Refused as a whole, by how its name begins.
REFUSED = {
    "failure_Invalid_comment_length": "archive.truncated",
    "failure_absolute_path": "archive.name",
    "failure_compressed_uncompressed_size_mismatch": "archive.damaged",
    "failure_extra_field_length": "archive.damaged",
    "failure_file_data_overflows": "archive.overlap",
    "failure_invalid_central_directory": "archive.damaged",
    "failure_invalid_relative_path": "archive.name",
    "failure_multi-disk": "archive.unsupported",
    "failure_strong_encryption": "archive.encrypted",
    "failure_unexpected_EOF": "archive.damaged",
    "failure_unsupported_compression_method": "archive.method",
    "failure_zip64_extended_information": "archive.damaged",
    "wrong-entry-sizes": "archive.damaged",
    # Nobody can split an encrypted file, and an archive without files is an export that broke.
    "success_traditional-encryption": "archive.encrypted",
    "success_empty": "archive.empty",
    # yauzl lists it without reading it; no reader knows the method.
    "success_bogus-compression-method": "archive.method",
    # Four names for one file, of which readers take the one or the other; the first has control characters.
    "success_unicode-path-extra-field": "archive.name",
}

#: Some files are refused, by name; the others are staged.
PARTLY = {
    "failure_invalid_characters_in_fileName": {"a/txt": "archive.mismatch"},
    "failure_invalid_code_lengths_set": {"index.js": "archive.damaged"},
    "failure_invalid_local_file_header": {"b.txt": "archive.damaged"},
    "failure_not_enough_bytes": {"zeros.bin": "archive.mismatch"},
    "failure_too_many_bytes": {"zeros.bin": "archive.mismatch"},
    "failure_too_many_length": {"index.js": "archive.damaged"},
    # yauzl takes its backslash for a slash, and so do we; but the file's own header has a third name.
    "success_sloppy-filenames": {"a/txt": "archive.mismatch"},
}

#: Does not begin as an archive, so it is none: its bytes are for the feed's formats to refuse.
NO_ARCHIVE = {"failure_invalid_zip64_end_of_central_directory_record_signature"}
CUT_SHORT = "failure_End_of_central_directory"


def expected[T](table: dict[str, T], name: str) -> T | None:
    return next((value for begins, value in table.items() if about(name).startswith(begins)), None)


@pytest.mark.parametrize("name", ARCHIVES)
async def test_an_archive_is_read_or_refused_as_it_should_be(name: str) -> None:
    code, staged, refused = await verdict(name)

    if about(name).startswith(CUT_SHORT):
        assert code == ("archive.truncated" if (FOLDER / name).stat().st_size else None)
        assert (staged, refused) == ({}, {})
    elif about(name) in NO_ARCHIVE:
        assert (code, staged, refused) == (None, {}, {})
    else:
        assert code == expected(REFUSED, name)
        assert refused == (expected(PARTLY, name) or {})
        assert code or staged or refused


@pytest.mark.parametrize("name", [name for name in ARCHIVES if about(name).startswith("success")])
@pytest.mark.filterwarnings("ignore:Empty unicode path")
async def test_what_is_read_is_what_the_standard_library_reads(name: str) -> None:
    _, staged, _ = await verdict(name)

    with zipfile.ZipFile(FOLDER / name) as archive:
        read = {one.filename: archive.read(one) for one in archive.infolist() if one.filename in staged}
    assert staged == read


def test_every_expectation_is_of_an_archive() -> None:
    """A verdict of nothing would prove nothing."""
    names = [about(name) for name in ARCHIVES]

    for begins in (*REFUSED, *PARTLY, *NO_ARCHIVE, CUT_SHORT):
        assert any(name.startswith(begins) for name in names), begins
