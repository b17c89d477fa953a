"""One target under libFuzzer: `python -m tests.fuzz.worker TARGET [its options]`. It ends this process by itself."""

import sys
from importlib import import_module
from typing import Any

# It is there on Linux on x86-64 only.
atheris: Any = import_module("atheris")

with atheris.instrument_imports(include=["penstock"]):
    from tests.fuzz.targets import TARGETS

if __name__ == "__main__":
    program, name, *options = sys.argv
    atheris.Setup([program, *options], TARGETS[name].check)
    atheris.Fuzz()
