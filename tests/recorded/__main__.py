"""Records every scene as this release leaves it.

    python -m tests.recorded RELEASE

Once, when a release goes out: its recordings are never made anew, for what lies in a table is not, either.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from penstock.adapters.aws_clients import aws_clients
from tests.recorded.scenes import SCENES, api, as_json, small_chunks
from tests.recorded.stack import Stack
from tests.support.emulators import Emulator, ministack_in


async def record(emulator: Emulator, folder: Path) -> None:
    """Writes a file for each scene."""
    async with AsyncExitStack() as stack:
        with emulator.around():
            aws = await stack.enter_async_context(aws_clients())
        for name, scene in SCENES.items():
            recorded = Stack(emulator, aws, api())
            await scene(recorded.pipeline)
            (folder / f"{name}.json").write_text(as_json(recorded.recorded()), encoding="utf-8")


def main(release: str) -> None:
    folder = Path(__file__).parent / release
    folder.mkdir()
    with TemporaryDirectory() as place, ministack_in(Path(place) / "ministack") as emulator, small_chunks():
        asyncio.run(record(emulator, folder))


if __name__ == "__main__":
    main(sys.argv[1])
