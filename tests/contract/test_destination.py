"""The destination's contract, on the twin and over HTTP."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from time import monotonic
from typing import Any, Protocol

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from penstock.adapters import aws_parameters
from penstock.adapters.aws_clients import AwsClients, aws_clients
from penstock.adapters.aws_parameters import SETTINGS_AGE, ParameterSettings
from penstock.adapters.http_destination import AHEAD, HttpDestination, Tokens
from penstock.model.errors import Misconfigured, Transient, Unanswered
from penstock.ports.destination import Answer, Credentials, Destination, DestinationSettings
from penstock_ops.demo_api.app import create_app
from penstock_ops.demo_api.behaviour import CALM
from penstock_ops.demo_api.settings import Settings as DemoSettings
from penstock_ops.world.servers import free_port
from penstock_testing.memory import MemoryClock, MemoryDestination
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

BODY = '{"feed":"traffic","batch_id":"b-000","records":[{"advertiser":"Köhler & Söhne"}]}'.encode()
PATH = "/penstock/contract/destinations"
KEY = "4c9e4c9d6dd5e4d71ae7-000000-000"

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Call:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


class Api:
    """A server on loopback that does what it is told, and remembers who called."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[Handler] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self.server = TestServer(app)

    def url(self, path: str = "/records") -> str:
        return str(self.server.make_url(path))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(Call(request.path, dict(request.headers), await request.read()))
        return await self.answers.pop(0)(request) if self.answers else web.Response()


def says(status: int = 200, body: bytes = b"", kind: str = "text/plain", **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers={"Content-Type": kind, **more})

    return answer


async def hangs_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def breaks_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"half")
    assert request.transport is not None
    request.transport.abort()
    return response


@dataclass
class Http:
    """A destination over HTTP, with its settings in Parameter Store and its secrets in Secrets Manager."""

    destination: HttpDestination
    clock: MemoryClock
    emulator: Emulator
    api: Api
    _parameters: set[str] = field(default_factory=set[str])

    def configure(self, feed: str, settings: dict[str, Any] | str) -> None:
        name, text = f"{PATH}/{feed}", settings if isinstance(settings, str) else json.dumps(settings)
        self.emulator.client("ssm").put_parameter(Name=name, Value=text, Type="String", Overwrite=True)
        self._parameters.add(name)

    def forget(self) -> None:
        for name in self._parameters:
            self.emulator.client("ssm").delete_parameter(Name=name)

    def keep(self, secret: Any) -> str:
        """The name of a new secret."""
        name = self.emulator.name("penstock/secret")
        self.emulator.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
        return name

    async def post(self, **changes: Any) -> Answer:
        return await self.destination.post(replace(DestinationSettings(self.api.url()), **changes), KEY, BODY)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def aws(moto: Emulator) -> AsyncGenerator[AwsClients]:
    """They take longer to make than any of these tests."""
    with moto.around():
        async with aws_clients() as clients:
            yield clients


@pytest_asyncio.fixture(loop_scope="session")
async def http(moto: Emulator, aws: AwsClients) -> AsyncGenerator[Http]:
    """Over moto, which keeps parameters and secrets as AWS does, and a real server."""
    settings = ParameterSettings(aws.ssm, aws.secrets, PATH)
    clock, api = MemoryClock(), Api()
    async with api.server, aiohttp.ClientSession() as session:
        destination = HttpDestination(session, settings, Tokens(session, clock, settings.secret), clock)
        http = Http(destination, clock, moto, api)
        yield http
    http.forget()


# -- what both promise


class Side(Protocol):
    """A destination under test, and the API's side of it."""

    @property
    def destination(self) -> Destination: ...

    def configure(self, settings: DestinationSettings) -> None:
        """What an operator sets for the feed traffic."""
        ...

    def answers(self, status: int, body: bytes) -> None:
        """The next call is answered so."""
        ...

    def never_answers(self) -> None:
        """The next call is taken, and not answered."""
        ...

    def is_gone(self) -> None:
        """Nobody is there any more."""
        ...

    def got(self) -> list[tuple[str, bytes]]:
        """Key and body of the calls that reached the API."""
        ...

    @property
    def url(self) -> str:
        """Where it is, or was."""
        ...


@dataclass
class InMemory:
    destination: MemoryDestination
    url: str = "https://api.example/records"

    def configure(self, settings: DestinationSettings) -> None:
        self.destination.configured["traffic"] = settings

    def answers(self, status: int, body: bytes) -> None:
        self.destination.answers.append(Answer(status, body))

    def never_answers(self) -> None:
        self.destination.answers.append(Unanswered("the destination did not answer"))

    def is_gone(self) -> None:
        self.destination.answers.append(Transient("the destination cannot be reached"))

    def got(self) -> list[tuple[str, bytes]]:
        return list(self.destination.applied.items())


@dataclass
class OverHttp:
    http: Http
    url: str

    @property
    def destination(self) -> HttpDestination:
        return self.http.destination

    def configure(self, settings: DestinationSettings) -> None:
        self.http.configure("traffic", {"url": settings.url, "rate_per_second": settings.rate_per_second})

    def answers(self, status: int, body: bytes) -> None:
        self.http.api.answers.append(says(status, body))

    def never_answers(self) -> None:
        self.http.api.answers.append(hangs_up)

    def is_gone(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}/records"

    def got(self) -> list[tuple[str, bytes]]:
        return [(call.headers["Idempotency-Key"], call.body) for call in self.http.api.calls]


@pytest.fixture
def over_http(http: Http) -> OverHttp:
    return OverHttp(http, http.api.url())


@pytest.fixture(params=["memory", "over_http"])
def side(request: pytest.FixtureRequest) -> Side:
    return InMemory(MemoryDestination({})) if request.param == "memory" else request.getfixturevalue("over_http")


async def test_a_feed_is_called_as_its_settings_say(side: Side) -> None:
    wanted = DestinationSettings("https://api.example/records", rate_per_second=2.5)
    side.configure(wanted)

    assert await side.destination.settings("traffic") == wanted


async def test_a_feed_without_settings_waits(side: Side) -> None:
    with pytest.raises(Transient):
        await side.destination.settings("traffic")


async def test_key_and_body_arrive_as_they_were_sent(side: Side) -> None:
    answer = await side.destination.post(DestinationSettings(side.url), KEY, BODY)

    assert answer.status == 200
    assert side.got() == [(KEY, BODY)]


@pytest.mark.parametrize("status", [200, 202, 400, 409, 422, 429, 500, 503])
async def test_whatever_is_answered_is_the_answer(side: Side, status: int) -> None:
    """It is the core that says what it means (R27)."""
    side.answers(status, b"because")

    answer = await side.destination.post(DestinationSettings(side.url), KEY, BODY)
    assert (answer.status, answer.body) == (status, b"because")


async def test_what_surely_was_not_sent_is_transient(side: Side) -> None:
    side.is_gone()

    with pytest.raises(Transient):
        await side.destination.post(DestinationSettings(side.url), KEY, BODY)
    assert side.got() == []


async def test_what_may_have_been_sent_is_unanswered(side: Side) -> None:
    """R26."""
    side.never_answers()

    with pytest.raises(Unanswered):
        await side.destination.post(DestinationSettings(side.url), KEY, BODY)
    assert side.got() == [(KEY, BODY)]


# -- settings in Parameter Store


async def test_every_setting_can_be_set(http: Http) -> None:
    http.configure(
        "traffic",
        {
            "url": "https://api.example/records",
            "batch_records": 50,
            "rate_per_second": 1.5,
            "rate_unit": "records",
            "burst": 3,
            "concurrency": 2,
            "timeout_seconds": 7,
            "honours_idempotency_key": True,
            "key_retention_hours": 2,
            "auth": {"kind": "oauth2", "secret": "s", "token_url": "https://api.example/token", "scope": "write"},
        },
    )

    assert await http.destination.settings("traffic") == DestinationSettings(
        url="https://api.example/records",
        batch_records=50,
        rate_per_second=1.5,
        rate_unit="records",
        burst=3,
        concurrency=2,
        timeout_seconds=7,
        honours_idempotency_key=True,
        key_retention_hours=2,
        auth=Credentials("oauth2", "s", "https://api.example/token", "write"),
    )


async def test_a_lane_has_the_settings_below_its_feeds_or_none(http: Http) -> None:
    assert await http.destination.lanes("tower") == []
    assert await http.destination.own_settings("tower/north") is None
    http.configure("tower", {"url": "https://api.example/all"})
    http.configure("tower/south", "{}")
    http.configure("tower/west", {"url": "https://west.example/forms"})

    west = await http.destination.own_settings("tower/west")
    assert west is not None
    assert west.url == "https://west.example/forms"
    assert await http.destination.lanes("tower") == ["tower/south", "tower/west"]
    with pytest.raises(Misconfigured, match="tower/south are wrong"):
        await http.destination.own_settings("tower/south")


async def test_more_lanes_than_one_answer_has_are_all_listed(http: Http) -> None:
    zones = [f"tower/zone-{number:02d}" for number in range(25)]
    for zone in zones:
        http.configure(zone, {"url": "https://api.example/"})

    assert await http.destination.lanes("tower") == zones


async def test_whether_a_lane_has_settings_is_not_guessed(aws: AwsClients) -> None:
    async def broken() -> Any:
        raise OSError

    parameters = ParameterSettings(broken, aws.secrets, PATH)
    with pytest.raises(Transient):
        await parameters.own_settings("tower/north")
    with pytest.raises(Transient):
        await parameters.lanes("tower")


async def test_settings_change_without_a_deploy(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the latest when what was read is too old."""
    http.configure("traffic", {"url": "https://api.example/v1"})
    assert (await http.destination.settings("traffic")).url.endswith("v1")
    http.configure("traffic", {"url": "https://api.example/v2"})

    now = monotonic()
    monkeypatch.setattr(aws_parameters, "monotonic", lambda: now + SETTINGS_AGE - 5)
    assert (await http.destination.settings("traffic")).url.endswith("v1"), "not read for every chunk"
    monkeypatch.setattr(aws_parameters, "monotonic", lambda: now + SETTINGS_AGE + 5)
    assert (await http.destination.settings("traffic")).url.endswith("v2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("not JSON", "not JSON"),
        ("{}", "url"),
        ('{"url": "https://api.example", "batch_records": "Mrs-Miller"}', "batch_records"),
        ('{"url": "https://api.example", "auth": {"kind": {"Mrs-Miller": 1}}}', "auth"),
    ],
)
async def test_wrong_settings_wait_for_better_ones_and_say_what_is_wrong(http: Http, text: str, told: str) -> None:
    http.configure("traffic", text)

    with pytest.raises(Transient, match=told) as error:
        await http.destination.settings("traffic")
    assert "Miller" not in str(error.value)


# -- over HTTP


async def test_a_batch_is_posted_as_json(http: Http) -> None:
    await http.post()

    (call,) = http.api.calls
    assert call.headers["Content-Type"] == "application/json"
    assert "Authorization" not in call.headers


async def test_an_answer_says_whether_it_is_json(http: Http) -> None:
    http.api.answers += [says(200, b"{}", "application/json; charset=utf-8"), says(200, b"<p>", "text/html")]

    assert [(await http.post()).content_type for _ in range(2)] == ["application/json", "text/html"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        (90, 90),
        (-90, 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(http: Http, header: str | int | None, seconds: float | None) -> None:
    """A number stands for a date so far from now. The clock is the destination's own."""
    text = formatdate(http.clock.now() + header, usegmt=True) if isinstance(header, int) else header
    http.api.answers.append(says(429) if text is None else says(429, Retry_After=text))

    assert (await http.post()).retry_after == seconds


@pytest.mark.parametrize("url", ["", "no url", "http://", "ftp://127.0.0.1/records", "http://127.0.0.1:99999/"])
async def test_a_url_that_is_none_sends_nothing(http: Http, url: str) -> None:
    with pytest.raises(Transient):
        await http.post(url=url)


@pytest.mark.parametrize("answer", [hangs_up, breaks_off, says(200, b"not gzip", Content_Encoding="gzip")])
async def test_an_answer_that_cannot_be_had_is_unanswered(http: Http, answer: Handler) -> None:
    http.api.answers.append(answer)

    with pytest.raises(Unanswered):
        await http.post()
    assert len(http.api.calls) == 1, "nothing is sent twice behind the ledger's back"


async def test_an_answer_that_takes_too_long_is_unanswered(http: Http) -> None:
    over = asyncio.Event()

    async def waits(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    http.api.answers.append(waits)
    try:
        with pytest.raises(Unanswered):
            await http.post(timeout_seconds=0.2)
    finally:
        over.set()
    assert len(http.api.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(http: Http, status: int) -> None:
    """Records and credentials go where the operator said, and nowhere else."""
    http.api.answers.append(says(status, Location=http.api.url("/elsewhere")))

    assert (await http.post()).status == status
    assert [call.path for call in http.api.calls] == ["/records"]


# -- credentials


async def test_a_bearer_token_is_sent(http: Http) -> None:
    await http.post(auth=Credentials("bearer", http.keep({"token": "t-1"})))

    assert http.api.calls[0].headers["Authorization"] == "Bearer t-1"


@pytest.mark.parametrize("kind", ["bearer", "oauth2"])
@pytest.mark.parametrize("secret", [None, "hunter2", 5, ["hunter2"]], ids=str)
async def test_without_its_secret_nothing_is_sent(http: Http, kind: Any, secret: Any) -> None:
    """There is none, or it is no JSON object."""
    name = "penstock/none" if secret is None else http.keep(secret)

    with pytest.raises(Transient, match=name) as error:
        await http.post(auth=Credentials(kind, name, http.api.url("/token")))
    assert http.api.calls == []
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "answer",
    [
        says(500),
        says(400, b'{"error":"invalid_client"}', "application/json"),
        says(200, b"<p>Welcome", "text/html"),
        says(200, b"[]", "application/json"),
        says(200, b"{}", "application/json"),
        says(200, b'{"access_token":"t","expires_in":null}', "application/json"),
        says(200, b'{"access_token":"t","expires_in":"soon"}', "application/json"),
        says(307, Location="/records"),
        hangs_up,
    ],
)
async def test_without_a_token_nothing_is_sent(http: Http, answer: Handler) -> None:
    secret = http.keep({"client_id": "penstock", "client_secret": "hunter2"})
    http.api.answers.append(answer)

    with pytest.raises(Transient) as error:
        await http.post(auth=Credentials("oauth2", secret, http.api.url("/token")))
    assert [call.path for call in http.api.calls] == ["/token"]
    assert "hunter2" not in str(error.value)


async def test_a_token_is_asked_for_as_the_standard_says(http: Http) -> None:
    """RFC 6749, 4.4.2 and 2.3.1."""
    secret = http.keep({"client_id": "penstock", "client_secret": "hunter2"})
    http.api.answers.append(says(200, b'{"access_token":"t"}', "application/json"))

    await http.post(auth=Credentials("oauth2", secret, http.api.url("/token"), "records:write"))

    token, post = http.api.calls
    assert token.body == b"grant_type=client_credentials&scope=records%3Awrite"
    assert token.headers["Authorization"] == aiohttp.encode_basic_auth("penstock", "hunter2")
    assert post.headers["Authorization"] == "Bearer t"


async def test_each_credential_has_its_own_token(http: Http) -> None:
    """Two feeds may have one token endpoint, and different clients or scopes of it."""
    one, other = (http.keep({"client_id": name, "client_secret": "x"}) for name in ("one", "other"))
    url = http.api.url("/token")
    credentials = [
        Credentials("oauth2", one, url),
        Credentials("oauth2", other, url),
        Credentials("oauth2", one, url, "s"),
    ]
    for number, credential in enumerate(credentials):
        http.api.answers += [says(200, b'{"access_token":"t-%d"}' % number, "application/json"), says()]
        await http.post(auth=credential)
    for credential in credentials:
        await http.post(auth=credential)

    sent = [call.headers["Authorization"] for call in http.api.calls if call.path == "/records"]
    assert sent == ["Bearer t-0", "Bearer t-1", "Bearer t-2"] * 2


# -- against the demo API, which checks what it gets

TOKEN_SECONDS = 30


@dataclass
class Demo:
    """The demo API, counting its calls."""

    server: TestServer
    calls: list[str]

    def credentials(self, http: Http) -> Credentials:
        secret = http.keep({"client_id": AWKWARD.client_id, "client_secret": AWKWARD.client_secret})
        return Credentials("oauth2", secret, str(self.server.make_url("/oauth/token")))

    @property
    def url(self) -> str:
        return str(self.server.make_url("/feeds/traffic/records"))


#: Characters that have to be encoded before they go into a header (RFC 6749, 2.3.1).
AWKWARD = DemoSettings(
    client_id="penstock:demo", client_secret="a+b/c%d=é", token_seconds=TOKEN_SECONDS, behaviour=CALM
)


@pytest_asyncio.fixture(loop_scope="session")
async def demo(http: Http) -> AsyncGenerator[Demo]:
    app = create_app(AWKWARD, clock=http.clock.now)
    calls: list[str] = []

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        calls.append(request.path.rsplit("/", 1)[1])
        return await handler(request)

    app.middlewares.append(count)
    server = TestServer(app)
    async with server:
        yield Demo(server, calls)


async def test_one_token_serves_many_calls_at_once(http: Http, demo: Demo) -> None:
    auth = demo.credentials(http)

    answers = await asyncio.gather(*(http.post(url=demo.url, auth=auth) for _ in range(20)))

    assert {answer.status for answer in answers} == {200}
    assert sorted(demo.calls) == ["records"] * 20 + ["token"]


async def test_a_token_is_renewed_ahead_of_its_end(http: Http, demo: Demo) -> None:
    auth = demo.credentials(http)
    await http.post(url=demo.url, auth=auth)

    await http.clock.sleep(TOKEN_SECONDS * (1 - AHEAD) - 1)
    assert (await http.post(url=demo.url, auth=auth)).status == 200
    await http.clock.sleep(1)
    assert (await http.post(url=demo.url, auth=auth)).status == 200
    assert demo.calls == ["token", "records", "records", "token", "records"]


async def test_a_token_that_is_not_accepted_is_renewed_once(http: Http, demo: Demo) -> None:
    auth = demo.credentials(http)
    await http.post(url=demo.url, auth=auth)
    await control(http, demo, "reset", {})
    demo.calls.clear()

    assert (await http.post(url=demo.url, auth=auth)).status == 200
    assert demo.calls == ["records", "token", "records"]


async def test_a_token_that_is_never_accepted_is_an_answer(http: Http, demo: Demo) -> None:
    auth = demo.credentials(http)
    await control(http, demo, "behaviour", {"mode": "status", "status": 401})
    demo.calls.clear()

    assert (await http.post(url=demo.url, auth=auth)).status == 401
    assert demo.calls == ["token", "records", "token", "records"]


async def test_the_same_key_is_applied_once(http: Http, demo: Demo) -> None:
    auth = demo.credentials(http)
    for _ in range(3):
        assert (await http.post(url=demo.url, auth=auth)).status == 200

    async with http.destination.http.get(demo.server.make_url("/_demo/ledger?feed=traffic")) as answer:
        books: Any = await answer.json()
    assert (books["applied_batches"], books["replayed_answers"]) == (1, 2)


async def control(http: Http, demo: Demo, what: str, how: dict[str, Any]) -> None:
    async with http.destination.http.post(demo.server.make_url(f"/_demo/{what}"), json=how) as answer:
        assert answer.status == 200
