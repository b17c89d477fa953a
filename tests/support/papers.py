"""Documents of a pipeline on the twins, read by the real reader: leases, by a template that an operator has drafted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from extractor.document_reader import DocumentReader
from penstock.model.messages import Dropped, SourceFile
from penstock.model.rows import FileRow
from penstock_documents.document import Document
from penstock_documents.drafting import draft
from penstock_documents.template import dump
from penstock_ops.operate.rereading import OriginalGone
from penstock_ops.samples.tower.paper import Text, pdf, scanned
from tests.support.pipeline import Pipeline

PRINTED = {
    "site_id": "KS-41904",
    "lessor": "Ada Holdings",
    "effective_date": "11/20/2026",
    "monthly_rent_usd": "$2,150.00",
}


def lease(site: str, rent_at: float = 210) -> list[Text]:
    """A page of a lease's amendment."""
    return [
        Text(72, 72, "AMENDMENT TO SITE LEASE", 14),
        Text(72, 120, "Site ID"),
        Text(220, 120, site),
        Text(72, 150, "Lessor"),
        Text(220, 150, PRINTED["lessor"]),
        Text(72, 180, "Effective date"),
        Text(220, 180, PRINTED["effective_date"]),
        Text(72, rent_at, "Monthly rent"),
        Text(220, rent_at, PRINTED["monthly_rent_usd"]),
        Text(72, 700, "The parties amend the lease as stated above and nothing else in it is changed"),
    ]


@cache
def lease_template() -> bytes:
    """`Lease/1`, from a good one."""
    read = Document(pdf([lease(PRINTED["site_id"])])).read(1)
    return dump(draft([read.page], "lease_amendment", PRINTED, "Lease", 1, (), lambda *_: 0)).encode()


@dataclass
class MemoryTemplates:
    """As `Templates`."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])

    async def all(self) -> Mapping[str, bytes]:
        """As `Templates.all`."""
        return dict(self.files)

    async def put(self, name: str, body: bytes) -> None:
        """As `Templates.put`."""
        self.files[name] = body


class Papers:
    """A pipeline's documents, as `Originals`: what was dropped, and can be dropped again."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline, self.templates = pipeline, MemoryTemplates()

    def reads(self) -> DocumentReader:
        """Has the pipeline read documents by these templates; to be closed."""
        reader = DocumentReader(self.templates)
        self.pipeline.reader = reader  # type: ignore[assignment]
        return reader

    def drop(self, body: bytes, key: str) -> SourceFile:
        """Drops a document."""
        return self.pipeline.drop(body, key)

    def fetch(self, row: FileRow) -> bytes:
        """As `Originals.fetch`."""
        one = self.find(row)
        return self.pipeline.store.sources[one.bucket, one.key, one.version_id]

    def find(self, row: FileRow) -> Dropped:
        """As `Originals.find`."""
        one = row.file.dropped
        if (one.bucket, one.key, one.version_id) not in self.pipeline.store.sources:
            raise OriginalGone(f"{one.key} is not there to be read anew; have it dropped again")
        return one

    def drop_again(self, one: Dropped) -> str:
        """As `Originals.drop_again`."""
        body = self.pipeline.store.sources[one.bucket, one.key, one.version_id]
        return self.pipeline.drop(body, one.key).file_id


__all__ = ["PRINTED", "MemoryTemplates", "Papers", "lease", "lease_template", "pdf", "scanned"]
