"""The console for a team: who has signed in, and is of a group that may look or decide, comes in; as himself."""

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from console import handler as console
from penstock_ops.web import opening
from penstock_ops.web.app import create_app
from penstock_ops.web.http_api import MOST_BYTES, answered
from penstock_ops.web.team import COOKIE, LONGEST, SignIn, Team
from tests.support.consoles import desk_over
from tests.support.operators import audited
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

DOMAIN = "abc123.execute-api.eu-west-1.amazonaws.com"
SIGN_IN = SignIn("https://login.example/authorize", "https://login.example/token", "client-1")
READS, OPERATES = "[penstock-reader]", "[others penstock-operator penstock-content]"


class Api:
    """An HTTP API before the app, as a browser meets it."""

    def __init__(self, pipeline: Pipeline, secret: bytes = b"of this stack") -> None:
        self.pipeline = pipeline
        self.team = Team(secret, SIGN_IN, pipeline.clock.now)
        self.app = create_app(desk_over(pipeline, content=True), self.team, Path(), self.team.enter)
        self.cookies: list[str] = []

    async def asked(
        self,
        method: str,
        path: str,
        claims: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        **headers: str,
    ) -> dict[str, Any]:
        path, _, query = path.partition("?")
        event: dict[str, Any] = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": DOMAIN, "content-type": "application/x-www-form-urlencoded"} | headers,
            "cookies": self.cookies,
            "requestContext": {"domainName": DOMAIN, "http": {"method": method, "sourceIp": "192.0.2.7"}},
            "body": base64.b64encode(urlencode(form or {}).encode()).decode(),
            "isBase64Encoded": True,
        }
        if claims is not None:
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
        answer = await answered(self.app, event)
        return answer | {"text": base64.b64decode(answer["body"]).decode("utf-8", "replace")}

    def claims(self, groups: str, **others: str) -> dict[str, str]:
        until = str(round(self.pipeline.clock.now() + 600))
        return {"sub": "0f3a", "email": "grace@example.com", "exp": until, "cognito:groups": groups} | others

    async def enter(self, groups: str, **others: str) -> dict[str, Any]:
        answer = await self.asked("POST", "/session", self.claims(groups, **others), origin=f"https://{DOMAIN}")
        self.cookies = [cookie.partition(";")[0] for cookie in answer["cookies"]]
        return answer

    async def word(self) -> str:
        page = (await self.asked("GET", "/worklists/held"))["text"]
        return page.partition('"x-penstock-word": "')[2].partition('"')[0]


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


async def test_without_a_sign_in_there_is_only_the_door(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0)]), "traffic/secret.csv")
    await pipeline.run()
    api = Api(pipeline)

    for path in ("/", "/files", f"/files/{file.file_id}", "/decisions", "/documents", "/find?feed=traffic"):
        answer = await api.asked("GET", path)
        assert answer["statusCode"] == 401, path
        assert "secret.csv" not in answer["text"]
        assert 'data-client="client-1"' in answer["text"]
        assert "connect-src 'self' https://login.example;" in answer["headers"]["content-security-policy"]
    for name in ("door_team.js", "console.css"):
        assert (await api.asked("GET", f"/static/{name}"))["statusCode"] == 200


async def test_who_has_signed_in_gets_a_cookie_that_ends_with_his_token(pipeline: Pipeline) -> None:
    api = Api(pipeline)
    answer = await api.enter(READS)

    assert answer["statusCode"] == 204
    (cookie,) = answer["cookies"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "path=/",
        "samesite=strict",
        "secure",
    }
    assert (await api.asked("GET", "/files"))["statusCode"] == 200
    await pipeline.clock.sleep(601)
    assert (await api.asked("GET", "/files"))["statusCode"] == 401


async def test_however_long_a_token_is_good_for_the_cookie_is_not(pipeline: Pipeline) -> None:
    api = Api(pipeline)
    await api.enter(READS, exp=str(round(pipeline.clock.now() + 10 * LONGEST)))

    await pipeline.clock.sleep(LONGEST + 1)
    assert (await api.asked("GET", "/files"))["statusCode"] == 401


@pytest.mark.parametrize("groups", ["", "[]", "[others]", "[penstock-content]", "[penstock-readers]"])
async def test_who_is_of_no_group_that_may_look_stays_outside(groups: str, pipeline: Pipeline) -> None:
    api = Api(pipeline)

    assert (await api.enter(groups))["statusCode"] == 403
    assert api.cookies == []


async def test_the_door_asks_for_claims_that_the_authoriser_has_told(pipeline: Pipeline) -> None:
    """By another route, or another spelling of the path, there are none."""
    api = Api(pipeline)

    for path in ("/session", "/%73ession"):
        answer = await api.asked("POST", path, form={"groups": OPERATES}, origin=f"https://{DOMAIN}")
        assert (answer["statusCode"], answer["cookies"]) == (401, []), path


@pytest.mark.parametrize("change", ["x", "", "☃", "."])
async def test_no_cookie_but_ours_opens_it(change: str, pipeline: Pipeline) -> None:
    api, other = Api(pipeline), Api(pipeline, b"of another stack")
    await api.enter(READS)
    (good,) = api.cookies
    name, _, value = good.partition("=")
    body, _, signed = value.rpartition(".")
    claimed = base64.urlsafe_b64encode(json.dumps({"name": "x", "groups": [], "until": 9e12}).encode()).decode()

    for forged in (f"{body}.{change}", f"{claimed}.{signed}", change, f"{body}{change}x.{signed}"):
        api.cookies = [f"{name}={forged}"]
        assert (await api.asked("GET", "/files"))["statusCode"] == 401, forged
    other.cookies = [good]
    assert (await other.asked("GET", "/files"))["statusCode"] == 401


async def test_a_reader_looks_and_decides_nothing(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0), spot(1, isci="?")]))
    await pipeline.run()
    api = Api(pipeline)
    await api.enter(READS)

    page = (await api.asked("GET", f"/files/{file.file_id}"))["text"]
    assert "you look, and decide nothing" in page
    assert "/mend" not in page
    assert 'href="/drop"' not in page
    assert (await api.asked("GET", f"/files/{file.file_id}/download/rejects.csv"))["statusCode"] == 409
    writes = [route.path for route in api.app._app.routes if "POST" in (getattr(route, "methods", None) or ())]
    assert len(writes) > 10
    for path in set(writes) - {"/session"}:
        answer = await api.asked("POST", path, form={"word": await api.word()}, origin=f"https://{DOMAIN}")
        assert (answer["statusCode"], "you may look" in answer["text"]) == (403, True), path


async def test_an_operator_decides_as_himself_and_sees_content_by_a_group_of_its_own(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0), spot(1, isci="?")]))
    await pipeline.run()
    api = Api(pipeline)
    await api.enter(OPERATES)

    await api.asked("GET", f"/files/{file.file_id}/download/rejects.csv")
    assert [one["by"] for one in audited(pipeline, "ContentShown")] == ["grace@example.com (0f3a)"]
    chosen = {"word": await api.word(), "act": "release", "record": f"{file.file_id}:1", "note": "n"}
    answer = await api.asked("POST", "/worklists/held/plan", form=chosen, origin=f"https://{DOMAIN}")
    assert "you may look" not in answer["text"]
    assert answer["statusCode"] == 409  # the record is not held

    await api.enter("[penstock-operator]")
    assert (await api.asked("GET", f"/files/{file.file_id}/download/rejects.csv"))["statusCode"] == 409


async def test_no_write_is_taken_from_elsewhere_or_with_anothers_word(pipeline: Pipeline) -> None:
    api, other = Api(pipeline), Api(pipeline)
    await api.enter(OPERATES)
    await other.enter(OPERATES, sub="beef")

    for origin in ("https://attacker.example", f"http://{DOMAIN}", "null"):
        answer = await api.asked("POST", "/worklists/held/plan", form={"word": await api.word()}, origin=origin)
        assert answer["statusCode"] == 403, origin
    for word in ("", "x", await other.word()):
        answer = await api.asked("POST", "/worklists/held/plan", form={"word": word}, origin=f"https://{DOMAIN}")
        assert (answer["statusCode"], "another start" in answer["text"]) == (403, True), word
    assert (await api.asked("GET", "/files", host="attacker.example"))["statusCode"] == 421


async def test_what_lambda_cannot_hand_on_is_told() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * (MOST_BYTES + 1)})

    event = {
        "rawPath": "/",
        "headers": {},
        "requestContext": {"domainName": "d", "http": {"method": "GET", "sourceIp": ""}},
    }
    assert (await answered(app, event))["statusCode"] == 413


def test_the_function_opens_its_stacks_desk_and_signs_with_its_secret(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called as Lambda calls it, from outside of any loop."""
    opened: list[tuple[Mapping[str, str], bool]] = []

    @asynccontextmanager
    async def open_desk(outputs: Mapping[str, str], stack: str | None, **said: Any) -> AsyncGenerator[Any]:
        opened.append((outputs, said["here"]))
        yield desk_over(pipeline, content=said["content"])

    @asynccontextmanager
    async def aws_clients() -> AsyncGenerator[Any]:
        async def secrets() -> Any:
            return SimpleNamespace(get_secret_value=value)

        async def value(SecretId: str) -> dict[str, str]:
            return {"SecretString": f"of {SecretId}"}

        yield SimpleNamespace(secrets=secrets)

    monkeypatch.setattr(opening, "open_desk", open_desk)
    monkeypatch.setattr(console, "aws_clients", aws_clients)
    for name, said in {
        "OUTPUTS": '{"LedgerTable": "ledger"}',
        "DISPATCH_QUEUES": '{"traffic": "q"}',
        "CONSOLE_STACK": "night",
        "CONSOLE_SECRET": "arn:secret",
        "CONSOLE_AUTHORIZE_URL": SIGN_IN.authorize_url,
        "CONSOLE_TOKEN_URL": SIGN_IN.token_url,
        "CONSOLE_CLIENT_ID": SIGN_IN.client_id,
        "CONSOLE_GROUPS_CLAIM": "groups",
        "CONSOLE_CONTENT": "false",
    }.items():
        monkeypatch.setenv(f"PENSTOCK_{name}", said)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Penstock/test")
    handler = console.Console("console", "Request", console.compose)
    event: dict[str, Any] = {
        "rawPath": "/session",
        "headers": {"host": DOMAIN, "origin": f"https://{DOMAIN}"},
        "requestContext": {
            "domainName": DOMAIN,
            "http": {"method": "POST", "sourceIp": "192.0.2.7"},
            "authorizer": {"jwt": {"claims": {"sub": "0f3a", "exp": "9e12", "groups": "[penstock-reader]"}}},
        },
    }

    entered = handler(event, Context())
    (cookie,) = entered["cookies"]
    get = {"domainName": DOMAIN, "http": {"method": "GET", "sourceIp": "192.0.2.7"}}
    page = handler(
        {"rawPath": "/files", "headers": {"host": DOMAIN}, "cookies": [cookie.split(";")[0]], "requestContext": get},
        Context(),
    )

    handler._before_snapshot()  # closes what was opened
    assert (entered["statusCode"], page["statusCode"]) == (204, 200)
    assert opened == [({"LedgerTable": "ledger", "DispatchQueues": '{"traffic": "q"}'}, False)]


class Context:
    """What Lambda tells of an invocation."""

    function_name, function_version, memory_limit_in_mb = "console", "1", 1769
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:console"
    aws_request_id = "r-1"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000
