"""Init of each built function under the Runtime Interface Emulator, against a handler that does nothing, in the same
layer. Nothing is compiled beforehand, as SAM's build leaves it."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock_ops.world import project, sam
from penstock_ops.world.emulated import layers_of
from tests.bench.timing import in_turn, row
from tests.support.runtime import started
from tests.template.cloudformation import Template

ROUNDS = 3
NOTHING = 'def handler(event, context):\n    return {"batchItemFailures": []}\n'
BASELINE = "a handler that does nothing"


def measure() -> list[dict[str, Any]]:
    """Milliseconds, and as multiples of the baseline's."""
    functions = Template.read(project.TEMPLATE).functions()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "nothing.py").write_text(NOTHING)
        with sam.built(project.TEMPLATE, here / "sam-build.log") as template:
            build, some = template.parent, next(iter(functions.values()))

            def init(name: str, declared: dict[str, Any], package: Path) -> Callable[[], float]:
                def start() -> float:
                    with started(name, declared, package, layers_of(build, name), here / "runtime.log") as runtime:
                        runtime.invoke({"Records": []})
                        return runtime.init_milliseconds() or 0.0

                return start

            inits = {BASELINE: init("Nothing", some | {"Handler": "nothing.handler"}, here)}
            inits |= {name: init(name, declared, build / name) for name, declared in functions.items()}
            took = in_turn(inits, ROUNDS)
    rows = [row(f"{name}, init", milliseconds, "ms") for name, milliseconds in took.items()]
    return rows + [
        row(f"{name}, init against {BASELINE}", milliseconds / took[BASELINE], "ratio")
        for name, milliseconds in took.items()
        if name != BASELINE
    ]
