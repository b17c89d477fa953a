"""R37: importing any module works with an empty environment and no network, and has no side effect."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER, FUNCTIONS, SCRIPTS = ROOT / "layers" / "penstock", ROOT / "functions", ROOT / "scripts"

#: Runs in an empty environment: forbids the network, processes and writing, then imports and looks at what is left.
IMPORT = """
import importlib, os, sys, threading

FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.putenv", "os.remove", "os.mkdir", "shutil.", "tempfile.")
# urllib3 binds a socket to loopback to learn whether the machine has IPv6; nobody is called.
HARMLESS = ("socket.__new__", "socket.bind", "socket.gethostname")

def watch(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes or event.startswith(FORBIDDEN) and event not in HARMLESS:
        problems.append(f"{event} {args}")

problems = []
sys.addaudithook(watch)
before = dict(os.environ)
for name in sys.argv[1:]:
    importlib.import_module(name)
assert not problems, problems
assert dict(os.environ) == before, "the environment was changed"
assert threading.active_count() == 1, "a thread was started"
"""


def modules_of(root: Path, *packages: str) -> list[str]:
    """Every module under these packages of `root`, by its dotted name."""
    files = [file for package in packages for file in (root / package).rglob("*.py")]
    names = [".".join(file.relative_to(root).with_suffix("").parts) for file in files]
    return sorted(name.removesuffix(".__init__") for name in names)


CORE = modules_of(LAYER, "penstock")
#: The plugin is for tests of others, which have moto and so an SDK.
TWINS = [name for name in modules_of(SCRIPTS, "penstock_testing") if name != "penstock_testing.plugin"]
HANDLERS = modules_of(FUNCTIONS, *(folder.name for folder in FUNCTIONS.iterdir() if folder.is_dir()))


def import_in_empty_environment(*names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-W", "error", "-c", IMPORT, *names]
    paths = {"PYTHONPATH": f"{LAYER}:{FUNCTIONS}"}
    return subprocess.run(command, env=paths, capture_output=True, text=True, timeout=60, check=False)


def test_there_are_modules_to_import() -> None:
    assert {"penstock.deliver.stage", "penstock.feeds.traffic"} <= set(CORE)
    assert "penstock_testing.ledger" in TWINS
    assert {"splitter.handler", "validator.handler", "dispatcher.handler"} <= set(HANDLERS)


@pytest.mark.parametrize("names", [CORE, HANDLERS], ids=["core", "functions"])
def test_every_module_can_be_imported_in_an_empty_environment_without_a_side_effect(names: list[str]) -> None:
    done = import_in_empty_environment(*names)
    assert done.returncode == 0, done.stderr


def test_the_core_needs_nothing_of_aws() -> None:
    """Only `adapters/` knows it: everything else and the twins are imported, and no SDK has come with it."""
    core = [name for name in CORE if not name.startswith("penstock.adapters.")]
    probe = (
        IMPORT
        + "\nassert not {'boto3', 'botocore', 'aiobotocore', 'aiohttp', 'aws_lambda_powertools'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", probe, *core, *TWINS],
        env={"PYTHONPATH": f"{LAYER}:{SCRIPTS}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_side_effect_would_be_noticed(tmp_path: Path) -> None:
    """The test of the test."""
    for name, code in {
        "networked": "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
        "writing": "import os; open(os.devnull, 'w').close()",
        "setting": "import os; os.environ['A'] = 'b'",
        "reading": "import os; os.environ['A']",
    }.items():
        (tmp_path / f"{name}.py").write_text(code)
        done = subprocess.run(
            [sys.executable, "-B", "-c", IMPORT, name],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0, name
