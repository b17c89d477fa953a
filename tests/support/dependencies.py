"""What the layers carry into AWS, with its licences: the table of docs/dependencies.md.

python -m tests.support.dependencies
"""

import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]

LAYERS = {
    "penstock": "layers/penstock",
    "documents": "layers/documents",
    "tables": "layers/tables",
    "console": "scripts/console_layer",
}
"""The layers, and where each is."""

#: What a layer may carry, by the identifiers of SPDX: nothing that asks a user to give away what is their own. MPL-2.0
#: asks for changes of its own files only (3.1, 3.3).
ALLOWED = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0"}

#: What packages say that do not speak SPDX, by what it means.
SPELLINGS = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
    "BSD-3-Clause, Apache-2.0, dependency licenses": "Apache-2.0 AND BSD-3-Clause",
}


def locked(layer: str) -> Mapping[str, str]:
    """The versions that a layer's lock names, by package."""
    text = (ROOT / LAYERS[layer] / "requirements.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, flags=re.MULTILINE))


def licence(package: str) -> str:
    """A package's licence as an expression of SPDX, as its metadata has it."""
    said = metadata.metadata(package)
    text = said.get("License-Expression") or said.get("License") or _classified(said)
    return SPELLINGS.get(text, text)


def _classified(said: metadata.PackageMetadata) -> str:
    """What the last part of its classifiers says, of a package that says it nowhere else."""
    names = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or () if one.startswith("License :: ")]
    return " AND ".join(names)


def identifiers(expression: str) -> set[str]:
    """Those that an expression is made of."""
    return set(re.split(r" AND | OR ", expression))


def lines() -> Iterator[str]:
    """The page's table."""
    layers = {layer: locked(layer) for layer in LAYERS}
    yield "| package | version | licence | layer |"
    yield "| --- | --- | --- | --- |"
    for package in sorted({name for packages in layers.values() for name in packages}):
        within = [layer for layer, packages in layers.items() if package in packages]
        yield f"| {package} | {layers[within[0]][package]} | {licence(package)} | {', '.join(within)} |"


if __name__ == "__main__":
    print("\n".join(lines()))  # noqa: T201
