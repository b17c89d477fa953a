"""A notifier on the twins, which hears what a pipeline's events say, and a receiver of webhooks who trusts nobody."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from penstock.model.errors import Transient
from penstock.notices.stage import NotifierPorts, notify
from penstock.ports.notice_settings import read_notice_settings
from penstock_testing.memory import MemoryClock, MemoryQueue, MemoryStore
from penstock_testing.notices import MemoryCourier, MemoryNotebook, MemoryRoutes
from tests.support.serving import served

KEY = b"a key of twenty-four byte"
SECRETS: dict[str, Mapping[str, str]] = {
    "hook": {"key": f"whsec_{base64.b64encode(KEY).decode()}"},
    "chat": {"url": "https://chat.example.com/services/T0/B0/x"},
    "pager": {"routing_key": "0123456789abcdef0123456789abcdef"},
    "genie": {"api_key": "5f1c9a80-c5b2"},
}
WEBHOOK = {"kind": "webhook", "url": "https://hook.example.com/penstock", "secret": "hook"}


def event(kind: str, detail: Mapping[str, Any]) -> str:
    """As EventBridge puts it on a queue."""
    return json.dumps({"version": "0", "source": "penstock", "detail-type": kind, "detail": detail})


class Noticed:
    """A notifier, its queue driven until nothing is left on it."""

    def __init__(self, routes: Mapping[str, Any], clock: MemoryClock | None = None, **settings: Any) -> None:
        self.clock = clock or MemoryClock()
        self.queue, self.store = MemoryQueue(self.clock), MemoryStore()
        self.notebook, self.courier = MemoryNotebook(), MemoryCourier()
        said = json.dumps({"routes": routes, **settings})
        self.routes = MemoryRoutes(read_notice_settings(said, private=False), SECRETS)
        self.ports = NotifierPorts(
            self.routes, self.notebook, self.courier, self.store, self.queue, self.clock, random.Random(1)
        )

    async def hears(self, kind: str, detail: Mapping[str, Any]) -> None:
        """One event, and all that comes of it."""
        await notify(self.ports, event(kind, detail))
        await self.run()

    async def looks(self) -> None:
        """One hour of the clock, and all that comes of it."""
        await notify(self.ports, '{"look": "hour"}')
        await self.run()

    async def run(self) -> None:
        """Until the queue is empty; what must come again does, a while later."""
        while self.queue.messages:
            held = self.queue.take(seconds=1.0)
            if held is None:
                await self.clock.sleep(1.0)
                continue
            try:
                await notify(self.ports, held.body)
            except Transient as error:
                await self.queue.hold_back(held.receipt, error.after or 1.0)
            else:
                await self.queue.delete(held.receipt)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The bodies that were posted."""
        return [json.loads(call.body) for call in self.courier.posted]

    @property
    def titles(self) -> list[str]:
        """The titles that a webhook was told."""
        return [body["data"]["title"] for body in self.told]


@dataclass
class Receiver:
    """Somebody's server: what it was sent, by path. It answers 401 to a webhook whose signature is not right, and what
    it is told to before it takes anything."""

    url: str = ""
    answers: list[int] = field(default_factory=list[int])
    taken: list[tuple[str, dict[str, str], dict[str, Any]]] = field(
        default_factory=list[tuple[str, dict[str, str], dict[str, Any]]]
    )

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """As Standard Webhooks has it checked, for a path that asks for it."""
        if self.answers and (status := self.answers.pop(0)) != 202:
            return status
        if path.startswith("/hook"):
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
            if headers["webhook-signature"] != f"v1,{expected}":
                return 401
        self.taken.append((path, headers, json.loads(body)))
        return 202


@contextmanager
def receiving() -> Generator[Receiver]:
    """A receiver on loopback."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.answer(self.path, headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

    with served(Handler) as receiver.url:
        yield receiver
