"""Who else reads files of these formats, and how: each the obvious way, for somebody who wants the records and no more.

Those of the standard library are always there, and so is jiter, which reads our own JSON. The others are no part of the
project: `make bench` installs them where only this module finds them. What cannot be imported is not measured.
"""

import csv
import io
import json
import logging
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import jiter

from penstock_ops.world.project import ROOT

# Behind everything else, so that what the project has comes first.
sys.path.append(str(ROOT / ".world" / "bench" / "lib" / "python3.13" / "site-packages"))


@dataclass(frozen=True, slots=True)
class Reader:
    """`read` takes a whole file. `slow` says that a few records are enough to wait for."""

    name: str
    read: Callable[[bytes], object]
    library: str = ""
    slow: bool = False

    @property
    def is_there(self) -> bool:
        """Whether it can be measured here."""
        return not self.library or find_spec(self.library) is not None


def _module(name: str) -> Any:
    return import_module(name)


def _csv_reader(body: bytes) -> None:
    rows = csv.reader(io.StringIO(body.decode(), newline=""))
    header = next(rows)
    for cells in rows:
        dict(zip(header, cells, strict=True))


def _jiter_lines(body: bytes) -> None:
    for line in body.splitlines():
        jiter.from_json(line)


def _orjson_lines(body: bytes) -> None:
    loads = _module("orjson").loads
    for line in body.splitlines():
        loads(line)


def _ijson(body: bytes) -> None:
    for _ in _module("ijson").items(io.BytesIO(body), "item"):
        pass


def _elementtree(body: bytes) -> None:
    """As its documentation advises: each record when it ends, and then away with it."""
    for _, element in ET.iterparse(io.BytesIO(body)):
        if element.tag == "spot":
            {child.tag: child.text for child in element}
            element.clear()


def _lxml(body: bytes) -> None:
    """As its documentation advises: away also with what is left of each record in what held it."""
    for _, element in _module("lxml.etree").iterparse(io.BytesIO(body), tag="spot"):
        {child.tag: child.text for child in element}
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _pyx12(body: bytes) -> None:
    source = _module("pyx12.x12file").X12Reader(io.StringIO(body.decode()))
    for _ in source:
        source.pop_errors()


def _pydifact(body: bytes) -> None:
    for message in _module("pydifact.segmentcollection").Interchange.from_str(body.decode()).get_messages():
        assert message.segments


def _ssim(body: bytes) -> None:
    logging.getLogger("ssim").setLevel(logging.WARNING)
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        assert _module("ssim").read(file.name)


CSV = [Reader("csv.reader", _csv_reader)]
NDJSON = [Reader("orjson, line by line", _orjson_lines, "orjson"), Reader("jiter, line by line", _jiter_lines)]
JSON = [Reader("ijson", _ijson, "ijson"), Reader("json.loads of the whole", json.loads)]
XML = [Reader("lxml.iterparse", _lxml, "lxml"), Reader("ElementTree.iterparse", _elementtree)]
X12 = [Reader("pyx12", _pyx12, "pyx12", slow=True)]
EDIFACT = [Reader("pydifact", _pydifact, "pydifact", slow=True)]
SSIM = [Reader("ssim", _ssim, "ssim", slow=True)]
