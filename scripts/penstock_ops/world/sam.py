"""The real SAM CLI: builds the template, and deploys the build to the local world."""

import os
import platform
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import project
from .errors import CommandFailed
from .locks import alone
from .logs import last_lines
from .ministack import REGION, environment
from .stack import Stack

_MACHINES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}


def architecture() -> str:
    """This machine's, as Lambda calls it: functions built for another would not run here."""
    return _MACHINES[platform.machine()]


@contextmanager
def built(template: Path, log: Path) -> Generator[Path]:
    """The template with its functions and layers built beside it; nobody builds again meanwhile.

    Raises:
        CommandFailed: `sam build` ended with an error.
    """
    destination = project.BUILD / "build"
    arguments = [
        "build",
        *("--template-file", str(template)),
        *("--build-dir", str(destination)),
        *("--cache-dir", str(project.BUILD / "cache")),
        "--cached",
        "--parallel",
        *("--parameter-overrides", f"Architecture={architecture()}"),
    ]
    with alone(project.BUILD):
        _run("sam build", arguments, {}, log)
        yield destination / "template.yaml"


def deploy(template: Path, stack: Stack, parameters: Mapping[str, str], log: Path) -> None:
    """Deploys a build; nothing to change is as good as changed.

    Raises:
        CommandFailed: `sam deploy` ended with an error.
    """
    overrides = {"Architecture": architecture(), **parameters}
    arguments = [
        "deploy",
        *("--template-file", str(template)),
        *("--stack-name", stack.name),
        "--resolve-s3",
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--no-progressbar",
        *("--region", REGION),
        "--parameter-overrides",
        *(f"{name}={value}" for name, value in overrides.items()),
    ]
    _run("sam deploy", arguments, environment(stack.endpoint, stack.certificate), log)


def _run(what: str, arguments: Sequence[str], aws: Mapping[str, str], log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        ended = subprocess.run(
            [project.sam(), *arguments],
            cwd=project.ROOT,
            env=_environment(aws),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode != 0:
        raise CommandFailed(what, last_lines(log), log)


def _environment(aws: Mapping[str, str]) -> dict[str, str]:
    """The caller's, which says how packages are fetched, without its AWS account and its Python."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SAM_", "PYTHON", "VIRTUAL_ENV"))
    }
    return {
        **ours,
        **aws,
        "AWS_DEFAULT_REGION": REGION,
        # No profile of the user's is looked up.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAM_CLI_TELEMETRY": "0",
        "PATH": os.pathsep.join([str(project.build_path()), ours.get("PATH", os.defpath)]),
    }
