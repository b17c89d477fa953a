"""`penstock destination` over Parameter Store, Secrets Manager and a real server; and that names lead nowhere else."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner

from penstock.adapters.aws_parameters import ParameterSettings
from penstock.adapters.http_destination import HttpDestination, Tokens, http_session
from penstock.model.errors import Misconfigured, Transient
from penstock.ports.destination import Credentials, DestinationSettings
from penstock_ops import cli
from penstock_ops.operate import operations
from penstock_ops.operate.errors import NotFound
from penstock_testing.memory import MemoryClock
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/penstock/verbs/destinations"
OUTPUTS = {"DestinationsPath": PATH, "DispatchQueues": '{"traffic": "q", "crew": "q"}', "PrivateDestinations": "false"}


@dataclass
class Desk:
    """An operator, a stack's settings, and an API with a health path that wants a token."""

    emulator: Emulator
    url: str
    seen: list[tuple[str, str, str | None]]

    def configure(self, settings: Any, feed: str = "traffic") -> None:
        text = settings if isinstance(settings, str) else json.dumps(settings)
        self.emulator.client("ssm").put_parameter(Name=f"{PATH}/{feed}", Value=text, Type="String", Overwrite=True)

    async def run(self, *arguments: str) -> tuple[int, Any]:
        """The command's exit code, and what it says to machines. Its loop is its own, as the server's is ours."""

        def run() -> tuple[int, Any]:
            with self.emulator.around():
                result = CliRunner().invoke(cli.app, ["destination", *arguments, "--json"])
            if result.exception and not isinstance(result.exception, SystemExit):
                raise result.exception
            return result.exit_code, json.loads(result.stdout)

        return await asyncio.to_thread(run)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(moto: Emulator, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Desk]:
    seen: list[tuple[str, str, str | None]] = []

    async def serve(request: web.Request) -> web.Response:
        header = request.headers.get("Authorization")
        seen.append((request.method, request.path, header))
        if header != "Bearer good":
            return web.Response(status=401)
        return web.Response(status=200 if request.path == "/health" else 405 if request.path == "/records" else 404)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    monkeypatch.setattr(operations, "connect", lambda _: OUTPUTS)
    client = moto.client("secretsmanager")
    for name, token in (("verbs/good", "good\n"), ("verbs/bad", "bad"), ("verbs/unsendable", "a\r\nX: y")):
        if name not in {secret["Name"] for secret in client.list_secrets()["SecretList"]}:
            client.create_secret(Name=name, SecretString=json.dumps({"token": token}))
    async with TestServer(app) as server:
        yield Desk(moto, str(server.make_url("/records")), seen)


def bearer(secret: str) -> dict[str, str]:
    return {"kind": "bearer", "secret": secret}


async def test_what_answers_to_a_head_is_there_and_nothing_is_sent(desk: Desk) -> None:
    desk.configure({"url": desk.url, "auth": bearer("verbs/good")})

    code, told = await desk.run("check", "traffic")

    assert (code, told["fine"], told["status"], told["called"]) == (0, True, 405, f"HEAD {desk.url}")
    assert desk.seen == [("HEAD", "/records", "Bearer good")]


async def test_a_health_path_says_more(desk: Desk) -> None:
    desk.configure({"url": f"{desk.url}?key=secret", "auth": bearer("verbs/good"), "health": "/health"})

    code, told = await desk.run("check", "traffic")

    assert (code, told["status"], told["called"]) == (0, 200, f"GET {desk.url.replace('/records', '/health')}")
    assert "takes our credentials" in told["verdict"]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"auth": bearer("verbs/bad")}, "does not take our credentials"),
        ({"auth": bearer("verbs/unsendable")}, "the token in verbs/unsendable is none that can be sent"),
        ({"auth": bearer("verbs/nowhere")}, "the secret verbs/nowhere cannot be read"),
        ({"url": "http://127.0.0.1:1/"}, "nobody answers at 127.0.0.1"),
        (
            {"url": "http://169.254.169.254/"},
            "nothing was called, as its settings are wrong: url: 169.254.169.254 is link-",
        ),
        ({"urll": "x"}, "urll: there is no such setting; is url meant?"),
        ({"health": "/nothing"}, "it answers 404"),
    ],
)
async def test_what_is_not_as_it_should_be_is_said_in_a_sentence(
    desk: Desk, changes: dict[str, Any], verdict: str
) -> None:
    desk.configure({"url": desk.url, "auth": bearer("verbs/good")} | changes)

    code, told = await desk.run("check", "traffic")

    assert (code, told["fine"]) == (1, False)
    assert verdict in told["verdict"]


async def test_settings_are_shown_whole_and_without_secrets(desk: Desk) -> None:
    desk.configure({"url": f"{desk.url}?key=4711", "auth": bearer("verbs/good")})
    code, told = await desk.run("show", "traffic")
    assert (code, told["wrong"]) == (0, [])
    assert told["settings"]["url"] == f"{desk.url}?…"
    assert told["settings"]["batch_records"] == 500
    assert told["settings"]["auth"] == {"kind": "bearer", "secret": "verbs/good", "token_url": "", "scope": ""}

    desk.configure({"urll": "https://a/?k=4711", "token": "4711"})
    code, told = await desk.run("show", "traffic")
    assert code == 1
    assert told["settings"] == {"urll": "…", "token": "…"}
    assert len(told["wrong"]) == 3


async def test_a_lane_has_settings_of_its_own_and_one_without_is_told_where_it_goes(desk: Desk) -> None:
    desk.configure({"url": desk.url, "auth": bearer("verbs/bad")})
    desk.configure({"url": desk.url, "auth": bearer("verbs/good"), "batch_records": 7}, feed="traffic/north")

    code, told = await desk.run("show", "traffic", "--lane", "north")
    assert (code, told["settings"]["batch_records"]) == (0, 7)
    code, told = await desk.run("check", "traffic", "--lane", "north")
    assert (code, told["fine"]) == (0, True)

    for verb in ("show", "check"):
        with pytest.raises(NotFound, match="the lane's records go where the others of traffic go"):
            await desk.run(verb, "traffic", "--lane", "south")


async def test_status_says_which_setting_of_which_feed_is_wrong(desk: Desk) -> None:
    desk.configure({"url": desk.url})
    desk.configure({"url": desk.url, "policy": {"nonsense": 1}, "soft": "hold"}, feed="crew")
    queues = ("Intake", "Document", "Chunk", "Dispatch")
    tables = {"LedgerTable": "ledger", "WorkBucket": "work", "ArchiveBucket": "archive"}
    tables |= {f"{queue}{end}": "q" for queue in queues for end in ("QueueUrl", "DlqUrl")}

    async def wrong() -> dict[str, list[str]]:
        async with operations.records_of(OUTPUTS | tables) as records:
            return await records.wrong_settings()

    def look() -> dict[str, list[str]]:
        with desk.emulator.around():
            return asyncio.run(wrong())

    found = await asyncio.to_thread(look)
    assert list(found) == ["crew"]
    assert "policy.nonsense" in found["crew"][0]


async def test_a_feed_that_is_not_there_is_an_error(desk: Desk) -> None:
    with pytest.raises(Exception, match="the stack has no feed mro; there are: crew, traffic"):
        await desk.run("show", "mro")


# -- names that lead elsewhere


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.8", "127.0.0.1"])
async def test_a_name_that_resolves_to_where_no_destination_may_be_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    async def resolve(*_: Any) -> list[dict[str, Any]]:
        return [{"hostname": "x", "host": address, "port": 443, "family": 2, "proto": 6, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    clock = MemoryClock()

    async def secret(_: str) -> dict[str, str]:
        return {"client_id": "a", "client_secret": "b"}

    async with http_session() as session:
        parameters: Any = ParameterSettings.__new__(ParameterSettings)
        destination = HttpDestination(session, parameters, Tokens(session, clock, secret), clock)
        settings = DestinationSettings("https://api.example/records")
        with pytest.raises(Misconfigured, match=f"url leads where nothing may be called: {address}"):
            await destination.post(settings, "key", b"{}")
        with pytest.raises(Misconfigured, match="url leads where"):
            await destination.look(settings)
        auth = Credentials("oauth2", "s", "https://api.example/token")
        with pytest.raises(Misconfigured, match=r"auth\.token_url leads where"):
            await destination.post(DestinationSettings("https://api.example/records", auth=auth), "key", b"{}")


async def test_this_machine_may_be_called_by_its_name(desk: Desk) -> None:
    clock = MemoryClock()
    async with http_session() as session:
        parameters: Any = ParameterSettings.__new__(ParameterSettings)
        destination = HttpDestination(session, parameters, Tokens(session, clock, parameters.secret), clock)
        url = desk.url.replace("127.0.0.1", "localhost")
        called, status = await destination.look(DestinationSettings(url))
        assert (called, status) == (f"HEAD {url}", 401)
        with pytest.raises(Transient, match="nobody answers at"):
            await destination.look(DestinationSettings("http://127.0.0.1:1/"))
