"""A document read in a process of its own, with limits: what kills it kills nothing else.

python -m penstock_documents.child DOCUMENT TEMPLATES writes a line a record. Exit code 3 says that the document cannot
be read; the reason is then the last line of stderr.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from penstock_documents.pdf import Unreadable

MEMORY = 2 * 1024 * 1024 * 1024  #: bytes of address space; Tesseract's and pdfium's own take a quarter of it
SECONDS = 1800  #: of CPU
UNREADABLE = 3


def records_in_child(document: Path, templates: Path) -> list[dict[str, Any]]:
    """A document's records, as `forms.records_of` has them.

    Raises:
        Unreadable: it cannot be read, or the reader died of it.
    """
    command = [sys.executable, "-m", "penstock_documents.child", str(document), str(templates)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode == UNREADABLE:
        raise Unreadable(ended.stderr.strip().splitlines()[-1])
    if ended.returncode:
        raise Unreadable(f"the reader died of the document (exit code {ended.returncode}); export or scan it again")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def main(arguments: Sequence[str]) -> int:
    """Reads a document and prints its records."""
    from penstock_documents.document import Document
    from penstock_documents.forms import records_of
    from penstock_documents.template import load_all

    document, templates = map(Path, arguments)
    try:
        for record in records_of(Document(document.read_bytes()), load_all(templates).active):
            sys.stdout.write(json.dumps(record) + "\n")
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    return 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    sys.exit(main(sys.argv[1:]))
