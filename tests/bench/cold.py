"""The cold start of each built function under the Runtime Interface Emulator, against a bare handler that makes four of
boto3's clients when it is loaded, from bytecode, too. A cold start is init and the first call, as whoever waits for it
sees them."""

import compileall
import py_compile
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from statistics import median
from typing import Any

from penstock_ops.world import project, sam
from penstock_ops.world.emulated import layers_of
from tests.bench.timing import row
from tests.support.runtime import started
from tests.template.cloudformation import Template

ROUNDS = 5
BASELINE = "bare boto3"
BARE = """
import boto3

CLIENTS = [boto3.client(name) for name in ("s3", "sqs", "dynamodb", "events")]

def handler(event, context):
    return {"batchItemFailures": []}
"""
OF_BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")


@dataclass(frozen=True, slots=True)
class Package:
    """What is started: what the template declares of it, where its handler lies, and its layers."""

    declared: dict[str, Any]
    folder: Path
    layers: Sequence[Path]


def measure() -> list[dict[str, Any]]:
    """Medians: milliseconds on the clock and of the processor, and as multiples of the baseline's of the same round."""
    functions = Template.read(project.TEMPLATE).functions()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        with sam.built(project.TEMPLATE, here / "sam-build.log") as template:
            build, some = template.parent, next(iter(functions.values()))
            packages = {BASELINE: _bare(here, some)}
            packages |= {name: Package(told, build / name, layers_of(build, name)) for name, told in functions.items()}
            rounds = [{name: _start(name, one, here) for name, one in packages.items()} for _ in range(ROUNDS)]
    return [line for name in packages for line in _lines(name, rounds)]


def _bare(folder: Path, declared: dict[str, Any]) -> Package:
    """The baseline, from boto3 as it is installed."""
    layer = folder / "boto3"
    for name in OF_BOTO3:
        for file in distribution(name).files or ():
            if file.suffix != ".pyc" and ".." not in file.parts:
                target = layer / "python" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)
    code = folder / "bare"
    code.mkdir()
    (code / "bare.py").write_text(BARE)
    for made in (layer, code):
        compileall.compile_dir(made, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    return Package(declared | {"Handler": "bare.handler"}, code, [layer])


def _start(name: str, package: Package, folder: Path) -> tuple[float, float]:
    """Milliseconds of a cold start on the clock, and of the processor."""
    with started(name, package.declared, package.folder, package.layers, folder / "runtime.log") as runtime:
        began = time.perf_counter()
        runtime.invoke({"Records": []})
        return 1000 * (time.perf_counter() - began), runtime.cpu_milliseconds()


def _lines(name: str, rounds: Sequence[dict[str, tuple[float, float]]]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for which, kind in enumerate(("clock", "processor")):
        lines.append(row(f"{name}, {kind}", median(one[name][which] for one in rounds), "ms"))
        if name != BASELINE:
            ratio = median(one[name][which] / one[BASELINE][which] for one in rounds)
            lines.append(row(f"{name}, {kind}, against {BASELINE}", ratio, "ratio"))
    return lines
