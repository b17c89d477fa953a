"""`python -m penstock_ops.demo_api`: serves until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web

from .app import create_app
from .behaviour import CALM, REAL
from .settings import Settings

_DEFAULTS = Settings()


def main() -> None:
    parser = argparse.ArgumentParser(prog="penstock_ops.demo_api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--port-file", type=Path, required=True, help="the port is written here once it listens")
    parser.add_argument("--seed", type=int, default=_DEFAULTS.seed, help="chooses the faults")
    parser.add_argument("--calm", action="store_true", help="no faults, no limit, no latency")
    parser.add_argument("--no-idempotency", action="store_true", help="ignores Idempotency-Key")
    parser.add_argument("--client-id", default=_DEFAULTS.client_id)
    parser.add_argument("--client-secret", default=_DEFAULTS.client_secret)
    parser.add_argument("--token-seconds", type=int, default=_DEFAULTS.token_seconds)
    parser.add_argument("--rate-per-second", type=float, help="calls a second and feed")
    asked = parser.parse_args()

    behaviour = CALM if asked.calm else REAL
    if asked.rate_per_second is not None:
        behaviour = behaviour.changed({"rate_per_second": asked.rate_per_second})
    settings = Settings(
        client_id=asked.client_id,
        client_secret=asked.client_secret,
        token_seconds=asked.token_seconds,
        honours_keys=not asked.no_idempotency,
        seed=asked.seed,
        behaviour=behaviour,
    )
    asyncio.run(_serve(settings, asked.host, asked.port, asked.port_file))


async def _serve(settings: Settings, host: str, port: int, port_file: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # A call that is being slow on purpose must not hold up the end.
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        _write_whole(port_file, f"{runner.addresses[0][1]}\n")
        await stop.wait()
    finally:
        await runner.cleanup()


def _write_whole(path: Path, text: str) -> None:
    """Whoever waits for the file never sees half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)


if __name__ == "__main__":
    main()
