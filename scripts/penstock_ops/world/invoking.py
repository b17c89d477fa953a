"""A built function, called under the Runtime Interface Emulator, against the local world."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from . import project, sam
from .emulated import Function, layers_of, started
from .errors import WorldError
from .lifecycle import World
from .stack import Stack

SUFFIX = "FunctionName"  #: of the stack's outputs that name a function
MORE = 15.0  #: seconds beyond the function's own timeout: it has to start


@dataclass(frozen=True, slots=True)
class Invoked:
    """What a function answered, how long its init took, and what it logged, line by line."""

    answer: Any
    init_milliseconds: float | None
    log: Sequence[str]

    @property
    def failed(self) -> bool:
        """Whether it raised, or wants messages to come again."""
        if not isinstance(self.answer, dict):
            return False
        told = cast("dict[str, Any]", self.answer)
        return bool(told.get("errorType") or told.get("batchItemFailures"))


def functions_of(world: World) -> dict[str, str]:
    """The stack's functions, by the names that the folders under `functions` have."""
    outputs = world.outputs.items()
    return {name.removesuffix(SUFFIX).lower(): value for name, value in outputs if name.endswith(SUFFIX)}


def environments_of(world: World) -> dict[str, dict[str, str]]:
    """The environment of each deployed function, by its name in the template: what `sam local --env-vars` takes."""
    stack = Stack(world.stack, world.endpoint, world.certificate)
    lambdas = stack.client("lambda")
    return {
        f"{name.title()}Function": _variables(lambdas.get_function_configuration(FunctionName=deployed), world)
        for name, deployed in functions_of(world).items()
    }


def _variables(told: Any, world: World) -> dict[str, str]:
    return told.get("Environment", {}).get("Variables", {}) | dict(world.environment)


def invoke(world: World, name: str, event: Any) -> Invoked:
    """Calls a function as it is built from this checkout, with the environment that its deployed one has.

    Raises:
        WorldError: the world has no such function, or it could not be built or started.
        HTTPError: the function could not be called.
    """
    deployed = functions_of(world)
    if name not in deployed:
        raise WorldError(f"there is no function {name}; there are: {', '.join(sorted(deployed))}")
    stack = Stack(world.stack, world.endpoint, world.certificate)
    told: Any = stack.client("lambda").get_function_configuration(FunctionName=deployed[name])
    limits = told["Timeout"], told["MemorySize"]
    function = Function(deployed[name], told["Handler"], *limits, _variables(told, world))
    log = world.logs / f"{name}.log"
    with (
        sam.built(project.TEMPLATE, world.logs / "sam-build.log") as template,
        started(function, _package(template.parent, name), layers_of(template.parent, name), log) as running,
    ):
        answer = running.invoke(event, function.timeout + MORE)
        return Invoked(answer, running.init_milliseconds(), log.read_text(errors="replace").splitlines())


def _package(build: Path, name: str) -> Path:
    package = build / f"{name.title()}Function"
    if not package.is_dir():
        raise WorldError(f"`sam build` has left no {package.name}")
    return package
