"""Built functions under AWS's Runtime Interface Emulator, with the environment that the template gives them."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penstock_ops.world import emulated
from penstock_ops.world.emulated import Function, Started

__all__ = ["Started"]

_AWS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def as_deployed(variable: str, value: Any) -> str:
    """What a function of a deployed stack is told where the template names a resource."""
    if variable.endswith("_URL"):
        return f"https://sqs.us-east-1.amazonaws.com/123456789012/{value}"
    if variable.endswith("_BUCKET"):
        return value.lower()
    if variable.endswith("_QUEUES"):
        return json.dumps({feed: as_deployed("_URL", queue) for feed, queue in json.loads(value).items()})
    if variable.endswith("_ARNS"):
        names = {feed: arn.removesuffix(".Arn") for feed, arn in json.loads(value).items()}
        return json.dumps({feed: f"arn:aws:sqs:us-east-1:123456789012:{name}" for feed, name in names.items()})
    return str(value)


@contextmanager
def started(
    name: str, declared: Mapping[str, Any], package: Path, layers: Sequence[Path], log: Path
) -> Generator[Started]:
    """A function as the template declares it, from the folder that its build is in."""
    told = declared["Environment"]["Variables"]
    variables = _AWS | {variable: as_deployed(variable, value) for variable, value in told.items()}
    function = Function(name, declared["Handler"], declared["Timeout"], declared["MemorySize"], variables)
    with emulated.started(function, package, layers, log) as running:
        yield running
