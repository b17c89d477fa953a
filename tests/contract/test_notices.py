"""The contracts of telling people, on the twins, on DynamoDB, and on the ways out to a receiver on loopback."""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pytest
import pytest_asyncio

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_notices import AwsCourier, DynamoNotebook, ParameterRoutes
from penstock.adapters.http_destination import http_session
from penstock.model.errors import Misconfigured, Transient
from penstock.model.notices import Cause, HeldFile, Met, Notice, Weight
from penstock.notices.forms import call_of
from penstock.ports.notice_settings import Route
from penstock.ports.notices import Call, Courier, Notebook, Turn
from penstock_testing.memory import MemoryClock
from penstock_testing.notices import MemoryCourier, MemoryNotebook
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator
from tests.support.noticed import SECRETS, Receiver, receiving

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY, NOW = "2026-11-29", 1_800_000_000.0
CAUSE = Cause("FileRefused", "tower/north", Weight.ERROR, "format.unknown", "früh.csv: no format", "4c9e", 3)
HELD = HeldFile("4c9e", "traffic/früh.csv", "traffic", 4, NOW)
NOTICE = Notice(
    id=f"{DAY}/{CAUSE.id}",
    kind="notice",
    weight=Weight.ERROR,
    lane="tower/north",
    title="tower/north: <!channel> & früh *bold*",
    lines=("one", "[a](https://evil.example.com)"),
    cause=CAUSE.id,
    file_id="4c9e",
    at=NOW,
)


@pytest.fixture
def on_dynamodb(on_ministack: AwsClients, ministack: Emulator) -> DynamoNotebook:
    return DynamoNotebook(on_ministack.dynamodb, ministack.table("Ledger"), MemoryClock(), 90 * 86_400)


@pytest.fixture(params=["memory", "dynamodb"])
def notebook(request: pytest.FixtureRequest) -> Notebook:
    return MemoryNotebook() if request.param == "memory" else request.getfixturevalue("on_dynamodb")


async def test_a_cause_is_counted_by_day_and_keeps_how_it_was_met_first(notebook: Notebook) -> None:
    again = replace(CAUSE, sentence="spät.csv: no format", records=5)

    assert await notebook.meet(DAY, CAUSE, NOW) == Met(CAUSE, 1, 3)
    assert await notebook.meet(DAY, again, NOW) == Met(CAUSE, 2, 8)
    assert await notebook.meet("2026-11-30", again, NOW) == Met(again, 1, 5)
    assert await notebook.met_on(DAY) == [Met(CAUSE, 2, 8)]
    assert await notebook.met_on("2026-11-28") == []


async def test_what_a_feed_spends_is_added_up_by_day(notebook: Notebook) -> None:
    assert await notebook.spend(DAY, "traffic", 0.000125) == pytest.approx(0.000125)
    assert await notebook.spend(DAY, "traffic", 1.5) == pytest.approx(1.500125)
    assert await notebook.spend(DAY, "crew", 2.0) == pytest.approx(2.0)
    assert await notebook.spend("2026-11-30", "traffic", 3.0) == pytest.approx(3.0)


async def test_what_was_told_is_told_of_that_day(notebook: Notebook) -> None:
    await notebook.meet(DAY, CAUSE, NOW)
    await notebook.note_told(DAY, CAUSE)

    assert (await notebook.meet(DAY, CAUSE, NOW)).is_told
    assert not (await notebook.meet("2026-11-30", CAUSE, NOW)).is_told


async def test_one_at_a_time_gives_a_notice_to_a_route(notebook: Notebook) -> None:
    assert await notebook.take_turn("a", "desk", NOW, 60) is Turn.OURS
    assert await notebook.take_turn("a", "desk", NOW + 59, 60) is Turn.ANOTHERS
    assert await notebook.take_turn("a", "other", NOW, 60) is Turn.OURS
    assert await notebook.take_turn("a", "desk", NOW + 61, 60) is Turn.OURS


async def test_a_turn_that_came_to_nothing_is_free_at_once_and_one_that_did_never_again(notebook: Notebook) -> None:
    await notebook.take_turn("a", "desk", NOW, 60)
    await notebook.end_turn("a", "desk", given=False)
    assert await notebook.take_turn("a", "desk", NOW, 60) is Turn.OURS

    await notebook.end_turn("a", "desk", given=True)
    assert await notebook.take_turn("a", "desk", NOW + 9999, 60) is Turn.GIVEN


async def test_a_file_holds_since_it_began_to_until_it_does_not(notebook: Notebook) -> None:
    await notebook.note_held(HELD, 2)
    await notebook.note_held_told("4c9e")
    await notebook.note_held(replace(HELD, records=1, since=NOW + 9), 3)
    assert await notebook.held() == [replace(HELD, records=1, is_told=True)]

    await notebook.note_held(replace(HELD, records=0), 4)
    assert await notebook.held() == []

    await notebook.note_held(replace(HELD, since=NOW + 99), 5)
    assert await notebook.held() == [replace(HELD, since=NOW + 99)]


async def test_an_earlier_account_says_nothing_of_what_is_held(notebook: Notebook) -> None:
    await notebook.note_held(replace(HELD, records=0), 4)
    await notebook.note_held(HELD, 3)

    assert await notebook.held() == []


async def test_a_table_that_is_throttled_is_asked_again_later() -> None:
    notebook = DynamoNotebook(Scripted(update_item=[refusal("ThrottlingException")]), "ledger", MemoryClock(), 86_400)

    with pytest.raises(Transient):
        await notebook.meet(DAY, CAUSE, NOW)


# -- the ways out


class Way(Protocol):
    """A courier under test, and what came out at the other end."""

    @property
    def courier(self) -> Courier: ...

    @property
    def url(self) -> str: ...

    def fail(self) -> None:
        """The next call fails."""
        ...

    def posted(self) -> list[Any]: ...


@dataclass
class InMemory:
    courier: MemoryCourier
    url: str = "https://hook.example.com"

    def fail(self) -> None:
        self.courier.faults.append(Transient("it answered 503"))

    def posted(self) -> list[Any]:
        return [json.loads(call.body) for call in self.courier.posted]


@dataclass
class OverHttp:
    courier: AwsCourier
    receiver: Receiver

    @property
    def url(self) -> str:
        return self.receiver.url

    def fail(self) -> None:
        self.receiver.answers.append(503)

    def posted(self) -> list[Any]:
        return [body for _, _, body in self.receiver.taken]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture(loop_scope="session")
async def over_http(receiver: Receiver) -> AsyncGenerator[OverHttp]:
    async def nobody() -> Any:
        raise AssertionError("no mail is sent here")

    async with http_session() as http:
        yield OverHttp(AwsCourier(http, nobody, "topic"), receiver)


@pytest.fixture(params=["memory", "http"])
def way(request: pytest.FixtureRequest) -> Way:
    return InMemory(MemoryCourier()) if request.param == "memory" else request.getfixturevalue("over_http")


async def test_what_is_posted_arrives(way: Way) -> None:
    await way.courier.post(Call(way.url, b'{"title": 1}', {"Content-Type": "application/json"}))

    assert way.posted() == [{"title": 1}]


async def test_what_nobody_takes_is_to_come_again(way: Way) -> None:
    way.fail()

    with pytest.raises(Transient, match="it answered 503"):
        await way.courier.post(Call(way.url, b"{}"))
    assert way.posted() == []


@pytest.mark.parametrize("status", [302, 400, 410, 429, 500])
async def test_only_a_2xx_is_a_yes(over_http: OverHttp, status: int) -> None:
    over_http.receiver.answers.append(status)

    with pytest.raises(Transient, match=str(status)):
        await over_http.courier.post(Call(over_http.url, b"{}"))


async def test_a_name_that_leads_to_a_private_address_is_not_called(over_http: OverHttp) -> None:
    """The same guard as before destinations: no name but localhost may be this machine."""
    with pytest.raises((Misconfigured, Transient)):
        await over_http.courier.post(Call("https://penstock.invalid/", b"{}"))
    assert over_http.posted() == []


async def test_mail_goes_to_the_topic_with_what_subscribers_choose_by(on_moto: AwsClients, moto: Emulator) -> None:
    sns, sqs, url = moto.client("sns"), moto.client("sqs"), moto.queue()
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=moto.name("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    async with http_session() as http:
        await AwsCourier(http, on_moto.sns, topic).mail("Über " * 30, "words", "tower/north", "desk", Weight.ERROR)

    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    said = json.loads(message["Body"])
    assert said["Subject"] == ("?ber " * 30)[:100]
    assert said["Message"] == "words"
    assert {name: one["Value"] for name, one in said["MessageAttributes"].items()} == {
        "feed": "tower",
        "lane": "tower/north",
        "route": "desk",
        "severity": "error",
    }


# -- what each way is sent, checked by the receiver


def route_to(kind: Any, url: str, secret: str) -> tuple[Route, Mapping[str, str]]:
    held = {"url": f"{url}/chat"} if kind in ("slack", "teams") else SECRETS[secret]
    return Route(kind, url=f"{url}/{'hook' if kind == 'webhook' else kind}", secret=secret), held


async def given(over_http: OverHttp, kind: str, secret: str) -> tuple[dict[str, str], dict[str, Any]]:
    """What the receiver took: headers and body."""
    route, held = route_to(kind, over_http.url, secret)
    await over_http.courier.post(call_of(route, NOTICE, held, NOW, private=False))
    ((_, headers, body),) = over_http.receiver.taken
    assert headers["content-type"] == "application/json"
    return headers, body


async def test_a_webhook_is_signed_so_that_its_receiver_can_tell(over_http: OverHttp) -> None:
    headers, body = await given(over_http, "webhook", "hook")

    assert headers["webhook-timestamp"] == str(int(NOW))
    assert body["data"]["title"] == NOTICE.title
    assert body["timestamp"] == "2027-01-15T08:00:00Z"


@pytest.mark.parametrize("changed", ["key", "body", "time", "id"])
async def test_a_webhook_that_was_changed_on_its_way_is_not_taken(over_http: OverHttp, changed: str) -> None:
    route, held = route_to("webhook", over_http.url, "hook")
    if changed == "key":
        held = {"key": "whsec_" + "A" * 32}
    call = call_of(route, NOTICE, held, NOW, private=False)
    headers = {"time": {"webhook-timestamp": "1"}, "id": {"webhook-id": "msg_1"}}.get(changed, {})
    body = call.body.replace(b"one", b"two") if changed == "body" else call.body

    with pytest.raises(Transient, match="401"):
        await over_http.courier.post(Call(call.url, body, {**call.headers, **headers}))


async def test_slack_gets_plain_text(over_http: OverHttp) -> None:
    _, body = await given(over_http, "slack", "chat")

    header, section = body["blocks"]
    assert (header["type"], header["text"]["type"], section["text"]["type"]) == ("header", "plain_text", "plain_text")
    assert header["text"]["text"] == NOTICE.title
    assert "<!channel>" not in body["text"]
    assert len(header["text"]["text"]) <= 150


async def test_teams_gets_a_card_of_text_runs(over_http: OverHttp) -> None:
    _, body = await given(over_http, "teams", "chat")

    (attachment,) = body["attachments"]
    card = attachment["content"]
    assert body["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert [block["inlines"][0]["text"] for block in card["body"]] == [NOTICE.title, *NOTICE.lines]


async def test_pagerduty_knows_the_cause_by_its_key(over_http: OverHttp) -> None:
    _, body = await given(over_http, "pagerduty", "pager")

    assert (body["event_action"], body["routing_key"]) == ("trigger", SECRETS["pager"]["routing_key"])
    assert body["dedup_key"] == "penstock/FileRefused/tower/north/format.unknown"
    assert body["payload"]["severity"] in {"critical", "error", "warning", "info"}
    assert {"summary", "source", "severity"} <= body["payload"].keys()


async def test_opsgenie_knows_the_cause_by_its_alias(over_http: OverHttp) -> None:
    headers, body = await given(over_http, "opsgenie", "genie")

    assert headers["authorization"] == f"GenieKey {SECRETS['genie']['api_key']}"
    assert body["alias"] == "penstock/FileRefused/tower/north/format.unknown"
    assert (body["priority"], body["source"]) == ("P2", "penstock")
    assert len(body["message"]) <= 130


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("webhook", {"key": "whsec_c2hvcnQ="}),
        ("webhook", {"key": "whsec_not base64"}),
        ("webhook", {}),
        ("slack", {"url": "http://chat.example.com/in-clear"}),
        ("teams", {"url": "https://169.254.169.254/latest"}),
        ("pagerduty", {"routing_key": "a\nb"}),
        ("opsgenie", {"other": "x"}),
    ],
)
async def test_a_secret_that_cannot_do_is_said_without_being_shown(kind: Any, secret: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="penstock/ours") as raised:
        call_of(Route(kind, url="https://a.example.com", secret="penstock/ours"), NOTICE, secret, NOW, private=False)
    assert not any(value in str(raised.value) for value in secret.values())


async def test_a_call_shows_nothing_of_its_secrets() -> None:
    assert repr(Call("https://hooks.example.com/secret", b"secret", {"Authorization": "secret"})) == "Call()"


# -- who is told


async def test_routes_and_secrets_are_read_where_an_operator_writes_them(on_moto: AwsClients, moto: Emulator) -> None:
    settings = {"routes": {"desk": {"kind": "slack", "secret": "penstock/ours/slack"}}, "held_hours": 5}
    parameter = f"/penstock/{moto.name('stack')}/notices"
    moto.client("ssm").put_parameter(Name=parameter, Type="String", Value=json.dumps(settings))
    moto.client("secretsmanager").create_secret(Name="penstock/ours/slack", SecretString='{"url": "https://a.b"}')
    routes = ParameterRoutes(on_moto.ssm, on_moto.secrets, parameter)

    read = await routes.settings()

    assert read.held_hours == 5
    assert read.routes["desk"] == Route("slack", secret="penstock/ours/slack")
    assert await routes.secret("penstock/ours/slack") == {"url": "https://a.b"}
    with pytest.raises(Transient):
        await routes.secret("penstock/ours/other")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ('{"routes": {"desk": {"kind": "carrier pigeon"}}}', "routes.desk.kind: "),
        ('{"routes": {"desk": {"kind": "email", "lane": []}}}', "routes.desk.lane: there is no such setting; is lanes"),
        ('{"routes": {"desk": {"kind": "slack"}}}', 'routes.desk.secret: kind "slack" needs the name of a secret'),
        ('{"routes": {"desk": {"kind": "webhook", "secret": "a"}}}', "routes.desk.url: a webhook needs one"),
        (
            '{"routes": {"desk": {"kind": "webhook", "secret": "a", "url": "https://169.254.169.254/"}}}',
            "routes.desk.url: 169.254.169.254 is link-local",
        ),
        ('{"routes": {"Des K": {"kind": "email"}}}', "routes.Des K"),
        ('{"digest_hour": 24}', "digest_hour: "),
        ('{"route": {}}', "route: there is no such setting; is routes meant?"),
        ("{", "not JSON"),
    ],
)
async def test_settings_that_are_wrong_are_said(settings: str, problem: str) -> None:
    scripted = Scripted(get_parameter=[{"Parameter": {"Value": settings}}])

    async def client() -> Any:
        return scripted

    with pytest.raises(Misconfigured) as raised:
        await ParameterRoutes(client, client, "/penstock/ours/notices").settings()
    assert f"the settings /penstock/ours/notices are wrong: {problem}" in str(raised.value)
