"""The demo's destination: it must behave like a real API, and its books must be right."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError, encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer

from penstock_ops.demo_api.app import create_app
from penstock_ops.demo_api.behaviour import CALM, Behaviour, FaultRates, luck_of
from penstock_ops.demo_api.rate_limit import TokenBucket
from penstock_ops.demo_api.settings import Settings

QUIET = Settings(behaviour=CALM)
CREDENTIALS = {"client_id": QUIET.client_id, "client_secret": QUIET.client_secret}
GRANT = {"grant_type": "client_credentials"}
SPOT = {"spot_id": "S1", "advertiser": "Bäckerei Köhler"}
REFUSED = {"spot_id": "S2", "advertiser": "ACME UNKNOWN"}


@dataclass
class Time:
    """A clock that moves only when it is told to, and a sleep that ends only when it is told to."""

    now: float = 1_800_000_000.0
    #: Seconds that were asked for.
    naps: list[float] = field(default_factory=list)
    somebody_sleeps: asyncio.Event = field(default_factory=asyncio.Event)
    morning: asyncio.Event = field(default_factory=asyncio.Event)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.somebody_sleeps.set()
        await self.morning.wait()


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Caller:
    """A client of the API on loopback."""

    def __init__(self, http: TestClient, time: Time) -> None:
        self.http = http
        self.time = time
        self.headers: dict[str, str] = {}

    async def call(self, method: str, path: str, **how: Any) -> Reply:
        async with self.http.request(method, path, **how) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.text())

    async def token(self, form: dict[str, str], **how: Any) -> Reply:
        return await self.call("POST", "/oauth/token", data=form, **how)

    async def log_in(self) -> None:
        granted = await self.token(GRANT | CREDENTIALS)
        self.headers["Authorization"] = f"Bearer {granted.json['access_token']}"

    async def send(self, records: list[Any], key: str | None = None, batch: str = "b1") -> Reply:
        return await self.post({"feed": "traffic", "batch_id": batch, "records": records}, key)

    async def post(self, body: Any, key: str | None = None) -> Reply:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return await self.call("POST", "/feeds/traffic/records", json=body, headers=headers)

    async def behave(self, **patch: Any) -> None:
        assert (await self.call("POST", "/_demo/behaviour", json=patch)).status == 200

    async def ledger(self) -> dict[str, Any]:
        return (await self.call("GET", "/_demo/ledger", params={"feed": "traffic"})).json


@asynccontextmanager
async def api(settings: Settings = QUIET) -> AsyncGenerator[Caller]:
    time = Time()
    app = create_app(settings, clock=time.clock, sleep=time.sleep)
    async with TestClient(TestServer(app, host="127.0.0.1")) as http:
        caller = Caller(http, time)
        await caller.log_in()
        yield caller


# Tokens


async def test_client_credentials_go_in_the_body_or_in_basic_auth() -> None:
    async with api() as caller:
        basic = {"Authorization": encode_basic_auth(QUIET.client_id, QUIET.client_secret)}

        in_body = await caller.token(GRANT | CREDENTIALS)
        in_header = await caller.token(GRANT, headers=basic)
        in_both = await caller.token(GRANT | CREDENTIALS, headers=basic)

        for granted in (in_body, in_header):
            assert granted.status == 200
            assert granted.json["token_type"] == "Bearer"
            assert granted.json["expires_in"] == QUIET.token_seconds
            assert granted.headers["Cache-Control"] == "no-store"
        assert (in_both.status, in_both.json) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        (GRANT | CREDENTIALS | {"client_secret": "wrong"}, 401, "invalid_client"),
        (GRANT, 401, "invalid_client"),
        (CREDENTIALS, 400, "invalid_request"),
        (CREDENTIALS | {"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_token_request_that_is_wrong(form: dict[str, str], status: int, error: str) -> None:
    async with api() as caller:
        refused = await caller.token(form)

        assert (refused.status, refused.json) == (status, {"error": error})


async def test_a_call_needs_a_token_that_has_not_expired() -> None:
    async with api() as caller:
        assert (await caller.send([SPOT])).status == 200

        caller.time.now += QUIET.token_seconds
        expired = await caller.send([SPOT])
        await caller.log_in()
        again = await caller.send([SPOT])

        assert expired.status == 401
        assert "invalid_token" in expired.headers["WWW-Authenticate"]
        assert again.status == 200


# Records


async def test_a_batch_without_a_bad_record_is_accepted_without_results() -> None:
    async with api() as caller:
        answer = await caller.send([SPOT, SPOT | {"spot_id": "S3"}], "k1")

        assert (answer.status, answer.json) == (200, {})


@pytest.mark.parametrize(("results", "listed"), [("refused", [1]), ("all", [0, 1])])
async def test_an_unknown_advertiser_is_refused_alone(results: str, listed: list[int]) -> None:
    async with api() as caller:
        await caller.behave(results=results)

        answer = await caller.send([SPOT, REFUSED], "k1")

        assert answer.status == 200
        assert [result["index"] for result in answer.json["results"]] == listed
        assert answer.json["results"][-1] == {
            "index": 1,
            "status": 422,
            "code": "unknown_advertiser",
            "message": "no account for this advertiser",
        }
        ledger = await caller.ledger()
        assert (ledger["applied_records"], ledger["refused_records"]) == (1, 1)
        assert ledger["refused_by_code"] == {"unknown_advertiser": 1}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ([], 400, "not_a_batch"),
        ({"feed": "crew", "batch_id": "b", "records": [SPOT]}, 400, "wrong_feed"),
        ({"feed": "traffic", "records": [SPOT]}, 400, "no_batch_id"),
        ({"feed": "traffic", "batch_id": "b", "records": []}, 400, "no_records"),
        ({"feed": "traffic", "batch_id": "b", "records": [SPOT, 7]}, 400, "not_a_record"),
        ({"feed": "traffic", "batch_id": "b", "records": [SPOT] * 3}, 413, "too_many_records"),
    ],
)
async def test_a_body_that_is_no_batch(body: Any, status: int, code: str) -> None:
    async with api(replace(QUIET, max_batch_records=2)) as caller:
        answer = await caller.post(body)

        assert (answer.status, answer.json["code"]) == (status, code)
        assert (await caller.ledger())["applied_records"] == 0


# Idempotency keys


async def test_a_key_seen_before_replays_its_answer_and_applies_nothing() -> None:
    async with api() as caller:
        first = await caller.send([SPOT, REFUSED], "k1")
        second = await caller.send([SPOT, REFUSED], "k1")

        assert (first.status, first.text) == (second.status, second.text)
        ledger = await caller.ledger()
        assert ledger["replayed_answers"] == 1
        assert (ledger["applied_batches"], ledger["applied_records"]) == (1, 1)
        assert ledger["applied_more_than_once"] == 0


async def test_a_key_with_another_payload_is_refused() -> None:
    async with api() as caller:
        await caller.send([SPOT], "k1")

        other_records = await caller.send([REFUSED], "k1")
        other_batch = await caller.send([SPOT], "k1", batch="b2")

        for answer in (other_records, other_batch):
            assert (answer.status, answer.json["code"]) == (422, "idempotency_key_reused")
        assert (await caller.ledger())["applied_records"] == 1


async def test_a_repeat_while_the_first_is_under_way_waits_for_the_same_answer() -> None:
    async with api() as caller:
        await caller.behave(latency_seconds=1)
        first = asyncio.create_task(caller.send([SPOT], "k1"))
        await caller.time.somebody_sleeps.wait()

        second = asyncio.create_task(caller.send([SPOT], "k1"))
        other = await caller.send([REFUSED], "k1")
        while (await caller.ledger())["replayed_answers"] == 0:
            pass
        assert not first.done()
        caller.time.morning.set()

        assert (await first).status == (await second).status == 200
        assert other.status == 422
        assert (await caller.ledger())["applied_batches"] == 1


async def test_a_key_is_forgotten_after_its_retention() -> None:
    async with api(replace(QUIET, key_retention_seconds=60, token_seconds=600)) as caller:
        await caller.send([SPOT], "k1")
        caller.time.now += 61

        await caller.send([SPOT], "k1")

        ledger = await caller.ledger()
        assert (ledger["applied_batches"], ledger["applied_more_than_once"]) == (2, 1)


async def test_without_idempotency_the_same_key_applies_twice() -> None:
    async with api(replace(QUIET, honours_keys=False)) as caller:
        await caller.send([SPOT], "k1")
        await caller.send([SPOT], "k1")

        assert (await caller.ledger())["applied_more_than_once"] == 1


# Bad moments


async def test_over_the_rate_a_call_is_told_when_to_come_back() -> None:
    async with api() as caller:
        await caller.behave(rate_per_second=0.5, burst=2, fault_rates={"http_date": 0})

        statuses = [(await caller.send([SPOT], f"k{n}", f"b{n}")).status for n in range(2)]
        late = await caller.send([SPOT], "k2", "b2")
        caller.time.now += int(late.headers["Retry-After"])
        in_time = await caller.send([SPOT], "k2", "b2")

        assert statuses == [200, 200]
        assert (late.status, late.headers["Retry-After"]) == (429, "2")
        assert in_time.status == 200


async def test_retry_after_can_be_a_date() -> None:
    async with api() as caller:
        await caller.behave(rate_per_second=0.5, burst=1, fault_rates={"http_date": 1})
        await caller.send([SPOT], "k1")

        late = await caller.send([SPOT], "k1")

        assert late.status == 429
        asked = parsedate_to_datetime(late.headers["Retry-After"]).timestamp()
        assert asked == caller.time.now + 2


@pytest.mark.parametrize(("says_when", "header"), [(0, None), (1, "1")])
async def test_an_unavailable_moment_applies_nothing(says_when: float, header: str | None) -> None:
    async with api() as caller:
        rates = {"unavailable": 1, "says_when": says_when, "http_date": 0}
        await caller.behave(fault_rates=rates)

        answer = await caller.send([SPOT], "k1")

        assert answer.status == 503
        assert answer.headers.get("Retry-After") == header
        assert (await caller.ledger())["applied_records"] == 0


async def test_a_lost_answer_applied_its_batch_and_the_key_finds_it() -> None:
    async with api() as caller:
        await caller.behave(fault_rates={"lost_answer": 1})
        with pytest.raises(ServerDisconnectedError):
            await caller.send([SPOT], "k1")
        await caller.behave(fault_rates={"lost_answer": 0})

        again = await caller.send([SPOT], "k1")

        assert again.status == 200
        ledger = await caller.ledger()
        assert ledger["calls"] == {"200": 1, "hung_up": 1}
        assert (ledger["lost_answers"], ledger["replayed_answers"]) == (1, 1)
        assert (ledger["applied_records"], ledger["applied_more_than_once"]) == (1, 0)


async def test_down_hangs_up_on_everything_but_the_controls() -> None:
    async with api() as caller:
        await caller.behave(mode="down")

        with pytest.raises(ServerDisconnectedError):
            await caller.send([SPOT], "k1")
        with pytest.raises(ServerDisconnectedError):
            await caller.token(GRANT | CREDENTIALS)

        assert (await caller.call("GET", "/health")).status == 200
        ledger = await caller.ledger()
        assert (ledger["calls"], ledger["lost_answers"]) == ({"hung_up": 1}, 0)
        assert ledger["faults"] == {"down": 1}


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        ({"mode": "nonsense"}, "nonsense"),
        ({"mode": "status", "status": 502}, "status"),
        ({"fault_rates": {"unavailable": 1.0}}, "unavailable"),
        ({"poison": SPOT["advertiser"]}, "poison"),
        ({"rate_per_second": 0.001, "burst": 1}, "rate"),
    ],
)
async def test_the_books_tell_what_was_done_wrong_to_whom(behaviour: dict[str, Any], fault: str) -> None:
    async with api() as caller:
        await caller.send([SPOT], "k1")
        assert (await caller.ledger())["faults"] == {}

        await caller.behave(**behaviour)
        for key in ("k2", "k3"):
            await caller.send([SPOT | {"spot_id": key}], key)
        ledger = await caller.ledger()
        assert ledger["faults"].keys() == {fault}


async def test_slow_applies_the_batch_even_when_its_caller_has_given_up() -> None:
    async with api() as caller:
        await caller.behave(mode="slow", slow_seconds=60)
        call = asyncio.create_task(caller.send([SPOT], "k1"))
        await caller.time.somebody_sleeps.wait()
        call.cancel()
        await asyncio.wait([call])
        await caller.behave(mode="normal")

        caller.time.morning.set()
        again = await caller.send([SPOT], "k1")

        assert 30 <= caller.time.naps[0] <= 90
        assert again.status == 200
        ledger = await caller.ledger()
        assert (ledger["applied_batches"], ledger["replayed_answers"]) == (1, 1)
        assert ledger["faults"] == {"slow": 1}


@pytest.mark.parametrize("status", [400, 409, 429, 500, 503])
async def test_status_answers_as_told_and_applies_nothing(status: int) -> None:
    async with api() as caller:
        await caller.behave(mode="status", status=status)

        assert (await caller.send([SPOT], "k1")).status == status

        ledger = await caller.ledger()
        assert (ledger["calls"], ledger["applied_records"]) == ({str(status): 1}, 0)


async def test_a_batch_with_the_poison_in_it_fails_until_there_is_none_and_others_do_not() -> None:
    async with api() as caller:
        await caller.behave(poison="S2")
        poisoned = [SPOT | {"spot_id": "S1"}, SPOT | {"spot_id": "S2"}]

        assert (await caller.send(poisoned, "k1")).status == 500
        assert (await caller.send([SPOT | {"spot_id": "S3"}], "k2")).status == 200
        await caller.behave(poison=None)
        assert (await caller.send(poisoned, "k1")).status == 200

        assert (await caller.ledger())["applied_records"] == 3


async def test_nonsense_is_200_with_a_body_of_no_use_and_applies_nothing() -> None:
    async with api() as caller:
        await caller.behave(mode="nonsense")
        answers = [await caller.send([SPOT], "k1") for _ in range(40)]
        assert {answer.status for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 4
        assert (await caller.ledger())["applied_records"] == 0

        await caller.behave(mode="normal")
        assert (await caller.send([SPOT], "k1")).json == {}
        assert (await caller.ledger())["applied_records"] == 1


def test_the_same_seed_has_the_same_faults() -> None:
    rates = FaultRates(unavailable=0.3, lost_answer=0.3)
    digests = [bytes([n]) * 16 for n in range(100)]

    def run(seed: int) -> list[Any]:
        return [luck_of(rates, seed, digest, attempt) for digest in digests for attempt in range(2)]

    assert run(7) == run(7) != run(8)
    assert 0.2 < sum(luck.unavailable for luck in run(7)) / 200 < 0.4


def test_the_bucket_never_lets_more_through_than_burst_and_rate() -> None:
    time = Time()
    bucket = TokenBucket(time.clock)
    passed = 0
    for _ in range(1000):
        time.now += 0.01
        passed += bucket.take(rate_per_second=20, burst=5) == 0

    assert 200 <= passed <= 205


# Controls


async def test_what_was_applied_can_be_read_page_by_page() -> None:
    async with api() as caller:
        spots = [{"spot_id": f"S{n}", "notes": "two\nlines\u2028"} for n in range(10)]
        for start in range(0, 10, 3):
            await caller.send([*spots[start : start + 3], REFUSED], f"k{start}")

        read: list[Any] = []
        for offset in (0, 4, 8):
            page = await caller.call("GET", "/_demo/records", params={"feed": "traffic", "offset": offset, "limit": 4})
            read += [json.loads(line) for line in page.text.split("\n")[:-1]]

        assert read == spots


@pytest.mark.parametrize("query", ["", "?feed=traffic&limit=10001", "?feed=traffic&offset=x"])
async def test_a_page_that_cannot_be(query: str) -> None:
    async with api() as caller:
        assert (await caller.call("GET", f"/_demo/records{query}")).status == 400


async def test_the_ledger_of_all_feeds_goes_by_name() -> None:
    async with api() as caller:
        await caller.send([SPOT])

        everything = (await caller.call("GET", "/_demo/ledger")).json

        assert everything == {"traffic": await caller.ledger()}


async def test_behaviour_keeps_what_is_not_named_and_refuses_what_it_does_not_know() -> None:
    async with api() as caller:
        await caller.behave(fault_rates={"unavailable": 0.5})
        await caller.behave(fault_rates={"lost_answer": 0.25}, burst=3)
        unknown = await caller.call("POST", "/_demo/behaviour", json={"mood": "bad"})
        no_object = await caller.call("POST", "/_demo/behaviour", json=[1])

        now = Behaviour.model_validate((await caller.call("GET", "/_demo/behaviour")).json)
        rates = FaultRates(unavailable=0.5, lost_answer=0.25)
        assert now == CALM.model_copy(update={"fault_rates": rates, "burst": 3})
        assert (unknown.status, no_object.status) == (400, 400)


async def test_reset_forgets_everything() -> None:
    async with api() as caller:
        await caller.send([SPOT], "k1")
        await caller.behave(mode="status", status=500)

        await caller.call("POST", "/_demo/reset")

        assert (await caller.send([SPOT], "k1")).status == 401
        await caller.log_in()
        assert (await caller.send([SPOT], "k1")).status == 200
        ledger = await caller.ledger()
        assert (ledger["applied_records"], ledger["replayed_answers"]) == (1, 0)
