"""Puts the server together."""

import asyncio
import time

from aiohttp import web

from .api import Api
from .clock import Clock, Sleep
from .controls import Controls
from .desk import Office
from .settings import Settings

#: Bytes that a body may have.
MAX_BODY = 32 * 1024 * 1024


def create_app(settings: Settings, *, clock: Clock = time.time, sleep: Sleep = asyncio.sleep) -> web.Application:
    """The server, ready to run; time can be handed in."""
    office = Office(settings, clock)
    app = web.Application(client_max_size=MAX_BODY)
    app.add_routes([*Api(office, sleep).routes(), *Controls(office).routes()])
    return app
