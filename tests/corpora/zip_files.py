"""Archives that others made to try zip readers (yauzl's): what is in them, or why they are refused.

Names begin with what their collectors say of them: `success`, or `failure` and the reason.
"""

import asyncio
from pathlib import Path

from penstock.model.errors import Refused
from tests.corpora.corpus import FOLDER, files
from tests.corpora.page import Row
from tests.support.archives import Stage

ARCHIVES = files("robustness/zip/*.zip")

#: Where yauzl reads an archive and we refuse it, or files of it: why.
EXPLAINED = {
    "success_traditional-encryption": "nobody can read it without the password",
    "success_empty": "an archive without files is an export that broke",
    "success_bogus-compression-method": "yauzl lists it without reading it; no reader knows the method",
    "success_unicode-path-extra-field": "four names for one file, of which readers take the one or the other",
    "success_sloppy-filenames": "the file's own header has another name than the directory",
    "failure_invalid_zip64_end_of_central_directory_record_signature": (
        "it does not begin as an archive does, so it is left to the feed's formats, which refuse it"
    ),
    "failure_End_of_central_directory": "of no bytes at all, so it is left to the feed's formats, which refuse it",
}


def about(name: str) -> str:
    """What the collectors say."""
    return Path(name).stem.removeprefix("yauzl_")


async def verdict(name: str) -> tuple[str | None, dict[str, bytes], dict[str, str]]:
    """(the archive's refusal, its files, the refusals of files) of an archive."""
    stage, staged, refused = Stage(), dict[str, bytes](), dict[str, str]()
    try:
        prepared = await stage.prepare((FOLDER / name).read_bytes(), "traffic/archive.zip")
    except Refused as refusal:
        return refusal.code, {}, {}
    for message in prepared if isinstance(prepared, list) else ():
        entry = message.file.dropped.key.partition("!")[2]
        try:
            staged[entry] = await stage.entry(message)
        except Refused as refusal:
            refused[entry] = refusal.code
    return None, staged, refused


def rows() -> list[Row]:
    """A row an archive."""
    return [_row(name) for name in ARCHIVES]


def _row(name: str) -> Row:
    code, staged, refused = asyncio.run(verdict(name))
    told = [f"{len(staged)} file{'s' * (len(staged) != 1)}"] if staged else []
    told += [f"`{entry}` refused: `{one}`" for entry, one in refused.items()]
    ours = f"refused: `{code}`" if code else ", ".join(told) or "no archive"
    says, _, _ = about(name).partition("_")
    expected = "read" if says == "success" else "not read"
    sound = bool(staged) and not (code or refused)
    differs = sound != (says == "success") or ours == "no archive"
    why = next((why for begins, why in EXPLAINED.items() if about(name).startswith(begins)), "?") if differs else ""
    return Row(" ".join(about(name).split("_"))[:100], expected, ours, why)
