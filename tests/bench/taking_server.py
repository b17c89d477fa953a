"""A destination that takes every batch and does nothing with it, for `tests.bench.others`. Prints its port."""

import asyncio

from aiohttp import web


async def take(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({})


async def main() -> None:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/records", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
