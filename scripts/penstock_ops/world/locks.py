"""One at a time, also between processes."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Waits until nobody else works in that folder; a process that is killed frees it as well."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
