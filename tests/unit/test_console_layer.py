"""The console for a team finds in its layers all that it imports, and gets by without what only a command has."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / f"layers/{name}/requirements.txt" for name in ("penstock", "documents")]
LOCKS.append(ROOT / "scripts/console_layer/requirements.txt")
#: A function's code with nothing in reach but what is locked for its layers.
LOAD = """
import sys
class Kept:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"no module named {name}", name=name)
sys.meta_path.insert(0, Kept())
import console.handler
import penstock_ops.web.app, penstock_ops.web.http_api, penstock_ops.web.opening, penstock_ops.web.team
"""


def called(name: str) -> str:
    """A distribution's name, as all spellings of it have it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: Path) -> set[str]:
    """The distributions that a lock has."""
    return {called(name) for name in re.findall(r"^([\w.-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)}


def test_it_imports_nothing_that_its_layers_lack() -> None:
    there = set[str]().union(*map(locked, LOCKS)) | {"penstock"}
    lacking = [
        module
        for module, names in packages_distributions().items()
        if not set(map(called, names)) & there and not module.startswith("_")
    ]
    assert {"typer", "rich", "uvicorn", "psutil"} <= set(lacking)

    done = subprocess.run(
        [sys.executable, "-c", LOAD, ",".join(lacking)],
        env={"PYTHONPATH": str(ROOT / "functions")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_the_cores_layer_has_is_not_there_once_more() -> None:
    """A second botocore would be the one that is imported, and is not lean."""
    assert locked(LOCKS[-1]) & locked(LOCKS[0]) == set()
