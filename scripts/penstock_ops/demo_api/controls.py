"""The controls that tests and operators talk to; no token needed."""

from aiohttp import web
from pydantic import ValidationError

from . import answers
from .desk import Office

#: Records that one page of applied records may have.
MAX_PAGE = 10_000


class Controls:
    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/health", self.health),
            web.get("/_demo/ledger", self.ledger),
            web.get("/_demo/records", self.records),
            web.get("/_demo/behaviour", self.behaviour),
            web.post("/_demo/behaviour", self.set_behaviour),
            web.post("/_demo/reset", self.reset),
        ]

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ledger(self, request: web.Request) -> web.Response:
        """The books of one feed; with no `feed`, an object of all feeds' books by name."""
        feed = request.query.get("feed")
        names = sorted(self._office.desks) if feed is None else [feed]
        desks = {name: self._office.desk(name) for name in names}
        books = {name: desk.books.ledger(desk.keys.replays) for name, desk in desks.items()}
        return web.json_response(books if feed is None else books[feed])

    async def records(self, request: web.Request) -> web.Response:
        """One page of a feed's applied records as NDJSON, in the order of their application."""
        try:
            feed = request.query["feed"]
            offset = int(request.query.get("offset", "0"))
            limit = int(request.query.get("limit", "1000"))
        except (KeyError, ValueError):
            return answers.error(400, "bad_page", "feed is a name, offset and limit are numbers")
        if offset < 0 or not 0 <= limit <= MAX_PAGE:
            return answers.error(400, "bad_page", f"offset from 0, limit up to {MAX_PAGE}")
        page = self._office.desk(feed).books.records(offset, limit)
        return web.Response(body=page, content_type="application/x-ndjson")

    async def behaviour(self, _: web.Request) -> web.Response:
        return web.json_response(self._office.behaviour.model_dump())

    async def set_behaviour(self, request: web.Request) -> web.Response:
        """Lays the posted object over the present behaviour; answers with what holds now."""
        try:
            self._office.behaviour = self._office.behaviour.changed(await request.json())
        except ValidationError as wrong:
            first = wrong.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            return answers.error(400, "bad_behaviour", f"{where}: {first['msg']}")
        except (ValueError, TypeError):
            return answers.error(400, "bad_behaviour", "not a JSON object")
        return web.json_response(self._office.behaviour.model_dump())

    async def reset(self, _: web.Request) -> web.Response:
        self._office.reset()
        return web.json_response({"status": "ok"})
