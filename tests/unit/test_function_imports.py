"""What each function imports when it is loaded: a cold start waits for all of it. Whoever adds to it adds a name here,
and says to `python -X importtime` what it costs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = [path for path in (ROOT / "layers").iterdir() if path.is_dir()]
FUNCTIONS = [path.name for path in (ROOT / "functions").iterdir() if (path / "handler.py").exists()]
LOAD = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""

AWS = {"aiobotocore", "aioitertools", "botocore", "dateutil", "jmespath", "six", "urllib3", "wrapt"}
HTTP = {"aiohappyeyeballs", "aiohttp", "aiosignal", "attr", "frozenlist", "idna", "multidict", "propcache", "yarl"}
MODELS = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}
ALWAYS = (
    AWS | HTTP | MODELS | {"aws_lambda_powertools", "backports", "dotenv", "jiter", "penstock", "pydantic_settings"}
)
#: Of the tests' environment, or of no file of their own; aiobotocore takes httpx along where there is one.
OTHERS = {"certifi", "click", "cython_runtime", "httpx", "penstock_feeds", "pygments", "rich"}

OWN = {
    "splitter": set[str](),
    "extractor": {"PIL", "penstock_documents", "pypdfium2", "pypdfium2_cfg", "pypdfium2_raw", "yaml"},
    "validator": set[str](),
    "dispatcher": set[str](),
    "prober": {"dispatcher"},
    "sweeper": set[str](),
    "tabulator": {"duckdb", "penstock_tables"},
    "notary": set[str](),
    "notifier": set[str](),
    "console": set[str](),  # what it serves is imported when it is composed
}

#: Who sends no message about a file, and so asks for no lane.
SILENT = {"tabulator", "notary", "console"}

ALL = {"adapters", "feeds", "formats", "io", "model", "ports"}
PARTS = {
    "splitter": {"account", "outputs", "split", "workbooks"},
    "extractor": {"account", "extract", "outputs", "split", "workbooks"},
    "validator": {"outputs", "validate"},
    "dispatcher": {"account", "deliver", "identity", "outputs"},
    "prober": {"account", "deliver", "identity", "outputs"},
    "sweeper": {"account", "identity", "operate", "outputs", "split", "workbooks"},
    "tabulator": {"outputs", "tabulate"},
    "notary": {"outputs", "receipts"},
    "notifier": {"notices"},
    "console": set[str](),
}


def modules_of(function: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, f"{function}.handler"],
        env={"PYTHONPATH": ":".join(map(str, [*LAYERS, ROOT / "functions"])), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_what_it_needs(function: str) -> None:
    modules = modules_of(function)

    packages = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - OTHERS
    assert {name for name in packages if not name.startswith("_")} == ALWAYS | {function} | OWN[function]
    core = {name.split(".")[1] for name in modules if name.startswith("penstock.")}
    assert core == ALL | PARTS[function]
    feeds = {name.split(".")[2] for name in modules if name.startswith("penstock.feeds.")}
    wanted = {"control", "feed", "numbers", "rules"} | (set[str]() if function in SILENT else {"lanes"})
    assert feeds == wanted, "a feed is imported when it is asked for"
    assert "aws_lambda_powertools.utilities.parser" not in modules, "Powertools' batches must come before pydantic"
