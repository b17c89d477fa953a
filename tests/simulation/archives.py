"""Archives in a run: what a sender drops is a zip file, and each file in it is one of its own."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import batched

from penstock.model.messages import Dropped, SourceFile
from tests.simulation.senders import Drop
from tests.support.archives import packed

APIECE = 3  #: records of each file of an archive


def archive_of(drop: Drop) -> bytes:
    """The zip file."""
    return packed({_name(place): part.body for place, part in enumerate(_parts(drop))})


def files_of(file: SourceFile, drop: Drop) -> list[tuple[SourceFile, Drop]]:
    """The files that come of a dropped object, each with what its sender means by it."""
    if not drop.packed:
        return [(file, drop)]
    return [(_entry(file, _name(place)), part) for place, part in enumerate(_parts(drop))]


def of_the_same_object(file: SourceFile, others: Sequence[SourceFile]) -> list[SourceFile]:
    """Those of these files that the same version of an object holds."""
    return [one for one in others if (one.key, one.version_id) == (file.key, file.version_id)]


def _parts(drop: Drop) -> list[Drop]:
    return [replace(drop, packed=False, items=items) for items in batched(drop.items, APIECE, strict=False)]


def _name(place: int) -> str:
    return f"{place}.csv"


def _entry(archive: SourceFile, name: str) -> SourceFile:
    dropped = Dropped(bucket=archive.bucket, key=f"{archive.key}!{name}", version_id=archive.version_id)
    return archive.model_copy(update={"origin": dropped})
