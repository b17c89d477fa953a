"""The API that a dispatcher talks to."""

from math import ceil

from aiohttp import web

from . import answers
from .batch import BadBatch, Batch
from .behaviour import Luck, luck_of
from .clock import Sleep
from .desk import Desk, Office
from .keys import Answer, KeyReused
from .tokens import TokenRefused


class _HangUp(Exception):
    """The connection closes without an answer."""


class Api:
    def __init__(self, office: Office, sleep: Sleep) -> None:
        self._office = office
        self._sleep = sleep

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/oauth/token", self.token),
            web.post("/feeds/{feed}/records", self.receive),
        ]

    async def token(self, request: web.Request) -> web.Response:
        if self._office.behaviour.mode == "down":
            return answers.hang_up(request)
        form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        headers = {"Cache-Control": "no-store"}
        try:
            granted = self._office.tokens.issue(form, request.headers.get("Authorization"))
        except TokenRefused as refused:
            if refused.status == 401:
                headers["WWW-Authenticate"] = 'Basic realm="demo"'
            return web.json_response({"error": refused.error}, status=refused.status, headers=headers)
        return web.json_response(granted, headers=headers)

    async def receive(self, request: web.Request) -> web.Response:
        """One batch; whatever comes of it is counted in the feed's books."""
        feed = request.match_info["feed"]
        desk = self._office.desk(feed)
        try:
            response = await self._answer(request, feed, desk)
        except _HangUp:
            desk.books.calls["hung_up"] += 1
            return answers.hang_up(request)
        desk.books.calls[str(response.status)] += 1
        return response

    async def _answer(self, request: web.Request, feed: str, desk: Desk) -> web.Response:
        office, behaviour = self._office, self._office.behaviour
        if behaviour.mode == "down":
            desk.books.faults["down"] += 1
            raise _HangUp
        body = await request.read()
        if not office.tokens.accepts(request.headers.get("Authorization")):
            headers = {"WWW-Authenticate": 'Bearer realm="demo", error="invalid_token"'}
            return answers.error(401, "invalid_token", "no token, or one past its time", headers)
        if behaviour.mode == "status":
            desk.books.faults["status"] += 1
            return answers.error(behaviour.status, "as_told", "this API was told to answer so")
        try:
            batch = Batch.parse(feed, body, office.settings.max_batch_records)
        except BadBatch as bad:
            return answers.error(bad.status, bad.code, str(bad))

        content = batch.content
        luck = luck_of(behaviour.fault_rates, office.settings.seed, content, desk.attempts[content])
        if behaviour.rate_per_second is not None:
            wait = desk.bucket.take(behaviour.rate_per_second, behaviour.burst)
            if wait > 0:
                desk.books.faults["rate"] += 1
                headers = answers.retry_after(office.clock(), ceil(wait), luck)
                return answers.error(429, "too_many_requests", "over the rate limit", headers)
        desk.attempts[content] += 1
        if behaviour.mode == "nonsense":
            desk.books.faults["nonsense"] += 1
            return answers.nonsense(luck)
        if behaviour.poison and batch.has(behaviour.poison):
            desk.books.faults["poison"] += 1
            return answers.error(500, "internal", "this API fails at a record of the batch")
        if luck.unavailable:
            desk.books.faults["unavailable"] += 1
            headers = answers.retry_after(office.clock(), behaviour.retry_after_seconds, luck)
            return answers.error(503, "unavailable", "try again", headers if luck.says_when else None)

        try:
            answer = await self._apply(request.headers.get("Idempotency-Key"), desk, batch, luck)
        except KeyReused:
            return answers.error(422, "idempotency_key_reused", "the key had another payload")
        if luck.loses_answer:
            desk.books.lost_answers += 1
            raise _HangUp
        return web.Response(status=answer.status, body=answer.body, content_type="application/json")

    async def _apply(self, key: str | None, desk: Desk, batch: Batch, luck: Luck) -> Answer:
        behaviour = self._office.behaviour

        async def work() -> Answer:
            slow = behaviour.mode == "slow"
            if slow:
                desk.books.faults["slow"] += 1
            mean = behaviour.slow_seconds if slow else behaviour.latency_seconds
            if mean > 0:
                await self._sleep(mean * luck.pace)
            return answers.applied(desk.books.apply(batch), behaviour)

        if key and self._office.settings.honours_keys:
            return await desk.keys.once(key, batch.payload, work)
        return await work()
