"""Leaves of botocore's data what the functions' clients read when they are made: the services that are called, in their
latest version, with empty descriptions.

    python3.13 lean_botocore.py FOLDER    # botocore's own, with a folder a service
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICES = frozenset({"dynamodb", "events", "kms", "lambda", "s3", "secretsmanager", "sns", "sqs", "ssm", "textract"})
"""What `penstock.adapters` makes clients of. Credentials are in the environment: nobody is asked for them."""

_SAID = frozenset({"documentation", "documentationUrl"})


def lean(data: Path) -> None:
    """Makes botocore's data lean, in place."""
    for service in data.iterdir():
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)
    for name in SERVICES:
        *older, latest = sorted((data / name).iterdir())
        for version in older:
            shutil.rmtree(version)
        for file in latest.iterdir():
            _lean_file(file)
    _lean_endpoints(data / "endpoints.json")


def _lean_file(file: Path) -> None:
    """Unpacked, too: packing is the layer's."""
    body: Any = json.loads(gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes())
    file.unlink()
    if not file.name.startswith("examples-"):
        _write(file.with_name(file.name.removesuffix(".gz")), _undescribed(body))


def _undescribed(node: Any) -> Any:
    """With empty descriptions, as botocore asks for some. They are texts: a member that has such a name is none."""
    if isinstance(node, list):
        return [_undescribed(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {key: "" if key in _SAID and isinstance(value, str) else _undescribed(value) for key, value in node.items()}


def _lean_endpoints(file: Path) -> None:
    endpoints = json.loads(file.read_bytes())
    for partition in endpoints["partitions"]:
        there = partition["services"]
        partition["services"] = {name: there[name] for name in there if name in SERVICES}
    _write(file, endpoints)


def _write(file: Path, body: Any) -> None:
    file.write_text(json.dumps(body, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    lean(Path(sys.argv[1]))
