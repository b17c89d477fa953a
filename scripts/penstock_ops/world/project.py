"""Where the checkout keeps what the local world is made of.

The local world is the checkout's own: it deploys the template beside it, with the tools that
`make setup` put there.
"""

from pathlib import Path

from .errors import WorldError

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "template.yaml"
#: A developer's world; a test suite has another folder, and so another world.
HOME = ROOT / ".penstock"
#: The build for this machine. All worlds share it, as building the layer anew takes half a minute.
BUILD = ROOT / ".aws-sam" / "local"

_TOOLS = ROOT / ".world"


def sam() -> Path:
    """The SAM CLI."""
    return _present(_TOOLS / "sam" / "bin" / "sam")


def build_path() -> Path:
    """The folder with the `python3.13` that has pip, for the PATH of `sam build`."""
    return _present(_TOOLS / "build" / "bin")


def lean_python() -> Path:
    """The interpreter without a single package."""
    return _present(_TOOLS / "lean" / "bin" / "python")


def emulator_packages() -> Path:
    """MiniStack and what it needs."""
    return packages_of("emulator")


def packages_of(environment: str) -> Path:
    """What is installed in one of the environments that `make setup` makes."""
    return _present(_TOOLS / environment / "lib" / "python3.13" / "site-packages")


def _present(path: Path) -> Path:
    if not path.exists():
        raise WorldError(f"{path.relative_to(ROOT)} is not there: run `make setup` first")
    return path
