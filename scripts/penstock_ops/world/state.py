"""What of a local world is running, on disk, so that the next command finds it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import WorldError
from .processes import Process

_FILE = "world.json"


class Server(BaseModel):
    """A server of the world and the port it listens on."""

    model_config = ConfigDict(frozen=True)

    port: int
    process: Process
    #: By which it is trusted, where it speaks TLS.
    certificate: Path | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"


class State(BaseModel):
    """`pointed` are the feeds whose destination an `up` has set: another changes nothing that it was not told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stack: str
    ministack: Server
    demo_api: Server | None = None
    pointed: tuple[str, ...] = ()


def load(home: Path) -> State | None:
    """The world that was brought up there; None if there is none.

    Raises:
        WorldError: something is written there that is no state of a world.
    """
    path = home / _FILE
    try:
        return State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise WorldError(
            f"{path} cannot be read, so what it started cannot be stopped. End those processes, then delete the file."
        ) from error


def save(home: Path, state: State) -> None:
    """Writes it whole or not at all."""
    partial = home / f"{_FILE}.partial"
    partial.write_text(state.model_dump_json(indent=2) + "\n", encoding="utf-8")
    partial.replace(home / _FILE)


def forget(home: Path) -> None:
    (home / _FILE).unlink(missing_ok=True)
