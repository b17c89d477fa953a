"""Documents of a check: read into records on this machine, as the extractor does in AWS."""

import json
from pathlib import Path
from typing import Any

from penstock.model.errors import Refused
from penstock.model.messages import SourceFile
from penstock_ops.check.local_store import LocalStore


def as_records(store: LocalStore, document: SourceFile, templates: Path, feed: str) -> SourceFile:
    """What a document of a feed holds, a line a record; of no named one, of the feed that it looks like.

    Raises:
        Refused: `document.unreadable`.
        NotATemplate: a file in the folder of templates is none.
    """
    from penstock_documents.child import records_in_child
    from penstock_documents.pdf import Unreadable
    from penstock_documents.template import load_all

    load_all(templates)
    try:
        records = records_in_child(store.path_of(document), templates, feed)
    except Unreadable as error:
        raise Refused("document.unreadable", str(error)) from None
    return store.replace(document, b"".join(_line(record) for record in records))


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"
