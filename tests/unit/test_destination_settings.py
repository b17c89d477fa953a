"""What an operator may set for a destination: https, nobody's metadata, no misspelt names; and what is said if not."""

import json
from ipaddress import ip_address
from typing import Any

import aiohttp
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from yarl import URL

from penstock.adapters.http_destination import GuardedResolver
from penstock.deliver.probing import probe
from penstock.feeds.crew import CREW
from penstock.feeds.feed import Feed
from penstock.feeds.freight import FREIGHT
from penstock.feeds.mro import MRO
from penstock.feeds.tower import TOWER
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Misconfigured
from penstock.ports.destination import DestinationSettings, WrongSettings, read_settings
from penstock.ports.endpoints import ensure_address, ensure_endpoint
from penstock_ops.operate.destinations import checked, masked, verdict_of
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

SECRET = "Mrs-Miller-4711"

LINK_LOCAL = [
    "http://169.254.169.254", "https://169.254.169.254/latest/meta-data/", "https://169.254.170.2/v2/credentials",
    "https://[fe80::1]/", "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[fd00:ec2::254]/",
    "https://[2002:a9fe:a9fe::1]/", "https://[::169.254.169.254]/", "https://100.100.100.200/",
    "https://metadata.google.internal/", "https://METADATA.google.internal./", "https://instance-data/",
    "https://[fd00:ec2::23]/v1/credentials", "https://[fd20:ce::254]/", "https://[fe80::1%25eth0]/", "https://169.254.169.254./",
]  # fmt: skip
LIKE_ADDRESSES = [
    "https://2852039166/", "https://0xa9fea9fe/", "https://0251.0376.0251.0376/", "https://169.254.43518/",
    "https://0xa9.0xfe.0xa9.0xfe/", "https://127.1/", "https://010.0.0.1/", "https://1.2.3.4.5/", "https://999.1.1.1/",
]  # fmt: skip
PRIVATE = [
    "https://10.0.0.1/", "https://172.16.3.4:8443/x", "https://192.168.1.1/", "https://[fd12::1]/", "https://100.64.0.1/",
    "https://[::ffff:10.0.0.1]/", "https://198.18.0.1/", "https://192.0.2.1/", "https://[fec0::1]/", "https://[::10.0.0.1]/",
]  # fmt: skip
NOBODYS = ["https://0.0.0.0/", "https://[::]/", "https://224.0.0.1/", "https://255.255.255.255/", "https://[ff02::1]/"]
IN_CLEAR = ["http://api.example/records", "http://10.0.0.1/", "http://93.184.216.34/", "http://localhost.example/"]
NO_URLS = [
    "", " ", "file:///etc/passwd", "ftp://api.example/", "api.example/records", "https://", "https:///records", "//a.b",
    "https://api.example:port/", "https://api.example:99999/", "https://a b/", "https://api.example/\nX: y",
    "javascript:alert(1)", "https://api.exämple/", "https://[::1", "gopher://127.0.0.1/", "https://?x",
    "https://" + "a" * 2000, "https://169%2e254%2e169%2e254/", "https://api.example%00.x/", "https://api..example/",
    "https://metadata.google.internal../", "https://.example/", "https://*.example/", "https://-/", "https://api.example:0/",
    "https://" + "a" * 64 + ".example/", "https:api.example", "https://api.example\\@169.254.169.254/",
    "https://[]@/",
]  # fmt: skip
GOOD = [
    "https://api.example.com/records", "https://API.example.com:8443/a?b=c", "https://93.184.216.34/", "https://traffic.invalid/x",
    "http://127.0.0.1:8080/records", "http://localhost:1/", "http://[::1]:80/", "http://127.8.9.1/", "https://localhost/",
    "https://xn--mnchen-3ya.example/", "https://[2606:2800:220:1::1]/", "https://8.8.8.8.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", [*LINK_LOCAL, *LIKE_ADDRESSES, *NOBODYS, *IN_CLEAR, *NO_URLS])
@pytest.mark.parametrize("private", [False, True])
def test_what_is_no_place_for_a_destination_is_refused_whatever_is_allowed(url: str, private: bool) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ensure_endpoint(url, private=private)


@pytest.mark.parametrize("url", [*LINK_LOCAL, *LIKE_ADDRESSES, *IN_CLEAR, *NO_URLS])
def test_so_it_is_as_a_token_url(url: str) -> None:
    auth = {"kind": "oauth2", "secret": "s", "token_url": url}
    with pytest.raises(WrongSettings) as refused:
        read_settings(json.dumps({"url": "https://api.example", "auth": auth}), private=True)
    assert all(problem.startswith("auth.token_url: ") for problem in refused.value.problems)


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_are_allowed_by_the_operator_alone(url: str) -> None:
    ensure_endpoint(url, private=True)
    with pytest.raises(ValueError, match="PrivateDestinations"):
        ensure_endpoint(url, private=False)


@pytest.mark.parametrize("url", GOOD)
def test_what_is_on_the_internet_or_on_this_machine_is_taken(url: str) -> None:
    ensure_endpoint(url, private=False)


def test_credentials_in_a_url_are_refused_and_not_told() -> None:
    with pytest.raises(WrongSettings) as refused:
        read_settings(json.dumps({"url": f"https://me:{SECRET}@api.example/"}), private=False)
    assert "auth" in str(refused.value)
    assert SECRET not in str(refused.value)


@given(st.ip_addresses(), st.booleans())
def test_every_address_is_either_taken_or_refused_with_a_sentence(address: Any, private: bool) -> None:
    try:
        ensure_address(address, private=private, this_machine=False)
    except ValueError as error:
        event(str(error).replace(str(address), "")[:20])
    else:
        assert not address.is_link_local
        assert not address.is_loopback
        assert private or address.version == 6 or address.is_global


# -- names, types and ranges


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"urll": "https://api.example"}, "urll: there is no such setting; is url meant?"),
        (
            {"honors_idempotency_key": True},
            "honors_idempotency_key: there is no such setting; is honours_idempotency_key",
        ),
        ({"rate_per_sec": 1}, "is rate_per_second meant?"),
        ({"xyz": 1}, "xyz: there is no such setting; there are: url, batch_records"),
        ({"auth": {"kind": "none", "tokenurl": ""}}, "auth.tokenurl: there is no such setting; is token_url meant?"),
        ({"URL": 1}, "URL: there is no such setting; is url meant?"),
        ({"batch-Records": 1}, "is batch_records meant?"),
        ({"batchSize": 1}, "is batch_records meant?"),
        ({"batch": 1}, "is batch_records meant?"),
        ({"retention": 1}, "is key_retention_hours meant?"),
        ({"token_url": "https://a.example"}, "token_url: there is no such setting; is auth.token_url meant?"),
        ({"auth": {"kind": "none", "url": ""}}, "auth.url: there is no such setting; is url meant?"),
        ({"auth": {"kind": "none", "SECRET": ""}}, "auth.SECRET: there is no such setting; is secret meant?"),
        ({"auth": {"kind": "basic"}}, "auth.kind: "),
        ({"auth": {"kind": "bearer"}}, "auth.secret: "),
        ({"auth": {"kind": "oauth2", "secret": "s"}}, "auth.token_url: "),
        ({"batch_records": 0}, "batch_records: "),
        ({"batch_records": 10**9}, "batch_records: "),
        ({"batch_records": "500"}, "batch_records: "),
        ({"batch_records": 1.5}, "batch_records: "),
        ({"batch_records": True}, "batch_records: "),
        ({"rate_per_second": 0}, "rate_per_second: "),
        ({"rate_per_second": -1}, "rate_per_second: "),
        ({"rate_per_second": float("inf")}, "rate_per_second: "),
        ({"rate_per_second": float("nan")}, "rate_per_second: "),
        ({"rate_unit": "batches"}, "rate_unit: "),
        ({"timeout_seconds": 121}, "timeout_seconds: "),
        ({"concurrency": 101}, "concurrency: "),
        ({"honours_idempotency_key": "yes"}, "honours_idempotency_key: "),
        ({"honours_idempotency_key": 1}, "honours_idempotency_key: "),
        ({"key_retention_hours": -1}, "key_retention_hours: "),
        ({"error_share": 1}, "error_share: "),
        ({"soft": "reject"}, "soft: "),
        ({"policy": []}, "policy: "),
        ({"health": "https://elsewhere.example/"}, "health: "),
        ({"health": "/a b"}, "health: "),
        ({"health": "//elsewhere.example/"}, "health: "),
        ({"health": "/\\elsewhere.example/"}, "health: "),
        ({"health": "health"}, "health: "),
        ({"health": "/" + "a" * 2000}, "health: "),
    ],
)
def test_what_is_wrong_is_told_by_its_name(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(WrongSettings) as refused:
        read_settings(json.dumps({"url": "https://api.example"} | settings), private=False)
    assert any(problem in told for told in refused.value.problems)


@pytest.mark.parametrize(
    "text", ["", "not JSON", "[]", "null", '"https://api.example"', "{}", '{"url": null}', "{" * 5000]
)
def test_what_are_no_settings_at_all_are_told_too(text: str) -> None:
    with pytest.raises(WrongSettings) as refused:
        read_settings(text, private=False)
    assert refused.value.problems


def test_everything_that_is_wrong_is_told_at_once_and_nothing_of_it_is_quoted() -> None:
    settings = {"url": f"file:///{SECRET}", "rate_unit": SECRET, "auth": {"kind": SECRET, "scope": {SECRET: SECRET}}}
    with pytest.raises(WrongSettings) as refused:
        read_settings(json.dumps(settings), private=False)
    assert len(refused.value.problems) == 4
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("health", ["", "/", "/health", "/v1/health?deep=0", "/a//b"])
def test_a_path_at_the_same_host_is_a_health_path(health: str) -> None:
    settings = read_settings(json.dumps({"url": "https://api.example/x", "health": health}), private=False)
    assert URL(settings.url).origin().join(URL(settings.health)).host == "api.example"


@pytest.mark.parametrize(
    "text",
    [
        '{"url": "https://a.example", "url": "https://b.example"}',
        '{"url": "https://a.example", "auth": {"kind": "bearer", "secret": "a", "secret": "b"}}',
        '{"url": "https://a.example", "policy": {"test": "hold", "test": "deliver"}}',
    ],
)
def test_a_setting_that_stands_there_twice_is_refused(text: str) -> None:
    with pytest.raises(WrongSettings, match="stands there twice"):
        read_settings(text, private=False)


@pytest.mark.parametrize(
    ("feed", "policy", "problem"),
    [
        (CREW, {"nonsense": 1}, "policy.nonsense: there is no such setting; there are: frm, schedule"),
        (CREW, {"blockthreshold": 5}, "policy.blockthreshold: there is no such setting; is block_threshold meant?"),
        (
            CREW,
            {"limits": [{"Measures": "fdp"}]},
            "policy.limits.0.Measures: there is no such setting; is measure meant?",
        ),
        (CREW, {"nonsense": 1, "preferred_rest_class": 7}, "policy.preferred_rest_class: "),
        (MRO, {"ocr_treshold": "0.5"}, "is ocr_threshold meant?"),
        (FREIGHT, {"Perhaps-Again": "hold"}, "is perhaps_again meant?"),
        (TRAFFIC, {"nonsense": 1}, "policy: this feed takes none"),
        (TOWER, {"test": "hold"}, "policy: this feed takes none"),
    ],
)
def test_a_policy_is_checked_with_the_rest(feed: Feed, policy: dict[str, Any], problem: str) -> None:
    with pytest.raises(WrongSettings) as refused:
        checked(feed, json.dumps({"url": "https://api.example", "policy": policy}), private=False)
    assert problem in str(refused.value)


def test_whatever_is_wrong_with_a_policy_is_told_at_once() -> None:
    with pytest.raises(WrongSettings) as refused:
        checked(CREW, json.dumps({"url": "https://api.example", "policy": {"frn": 1, "scedule": 2}}), private=False)
    assert "is frm meant" in str(refused.value)
    assert "is schedule meant" in str(refused.value)


# -- names that lead elsewhere


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def resolve(*_: Any) -> list[dict[str, Any]]:
        return [{"hostname": "x", "host": one, "port": 443, "family": 0, "proto": 0, "flags": 0} for one in addresses]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)


@pytest.mark.parametrize(
    "addresses",
    [["169.254.169.254"], ["93.184.216.34", "169.254.169.254"], ["10.1.2.3"], ["127.0.0.1"], ["fe80::1%eth0"]],
)
async def test_a_name_that_resolves_to_where_no_destination_may_be_is_not_called(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    resolving(monkeypatch, *addresses)
    with pytest.raises(Exception, match=r"link-local|private|this machine"):
        await GuardedResolver(private=False).resolve("api.example", 443)


async def test_a_name_that_resolves_to_the_internet_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "93.184.216.34")
    assert len(await GuardedResolver(private=False).resolve("api.example", 443)) == 1
    resolving(monkeypatch, "10.1.2.3")
    assert len(await GuardedResolver(private=True).resolve("api.example", 443)) == 1
    resolving(monkeypatch, "127.0.0.1", "::1")
    assert len(await GuardedResolver(private=False).resolve("localhost", 443)) == 2


# -- what comes of wrong ones


async def test_wrong_settings_send_nothing_burn_no_attempt_and_open_no_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given settings that are wrong
    pipeline, right = Pipeline(), True

    async def settings(_: str) -> DestinationSettings:
        if right:
            return pipeline.api.settings_now
        raise Misconfigured("the destination's settings are wrong: urll", 60.0)

    monkeypatch.setattr(pipeline.api, "settings", settings)
    right = False
    file = pipeline.drop(csv_file([spot(at) for at in range(5)]))
    # When the chunk comes, again and again
    for _ in range(30):
        await pipeline.step()
        await pipeline.clock.sleep(120)
    looked = await probe(pipeline._dispatcher(_process()), "traffic", pipeline.clock.now() + 60)  # pyright: ignore[reportPrivateUsage]
    # Expect nothing sent, no failure counted, a circuit that is closed, and that somebody hears of it
    assert not pipeline.api.applied
    assert not pipeline.errors
    assert not pipeline.dead_letters
    assert not pipeline.mappings.off
    assert looked.counts == {"CircuitOpen": 0.0, "SettingsWrong": 1.0, "LookFaults": 0.0}
    assert "urll" in pipeline.put_off[0]
    # And once they are mended, all of it
    right = True
    await pipeline.run()
    assert await pipeline.assert_sound(file, 5) == {"delivered": 5}
    looked = await probe(pipeline._dispatcher(_process()), "traffic", pipeline.clock.now() + 60)  # pyright: ignore[reportPrivateUsage]
    assert looked.counts["SettingsWrong"] == 0.0


def _process() -> Any:
    from tests.support.pipeline import Process

    return Process()


async def test_a_name_that_leads_elsewhere_opens_no_circuit_either(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, calls = Pipeline(), 0
    post = pipeline.api.post

    async def elsewhere(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= 10:
            raise Misconfigured("the destination's url leads where nothing may be called", 60.0)
        return await post(*args)

    monkeypatch.setattr(pipeline.api, "post", elsewhere)
    file = pipeline.drop(csv_file([spot(at) for at in range(5)]))
    await pipeline.run()
    assert calls > 10
    assert not pipeline.told("CircuitOpened")
    assert not pipeline.events.published or all(kind != "CircuitOpened" for kind, _ in pipeline.events.published)
    assert await pipeline.assert_sound(file, 5) == {"delivered": 5}


# -- what operators see


def test_what_is_shown_has_no_secret_in_it() -> None:
    told = masked(
        {
            "url": f"https://me:{SECRET}@api.example/records?key={SECRET}#{SECRET}",
            "batch_records": 5,
            "api_key": SECRET,
            "auth": {
                "kind": "oauth2",
                "secret": "penstock/x/traffic",
                "token_url": f"https://a/t?k={SECRET}",
                "pw": SECRET,
            },
        }
    )
    assert SECRET not in json.dumps(told)
    assert told == {
        "url": "https://api.example/records?…",
        "batch_records": 5,
        "api_key": "…",
        "auth": {"kind": "oauth2", "secret": "penstock/x/traffic", "token_url": "https://a/t?…", "pw": "…"},
    }
    for nonsense in (
        None,
        SECRET,
        [SECRET],
        {"url": SECRET},
        {"url": [SECRET]},
        {"auth": SECRET},
        {"url": f"x:{SECRET}"},
        {"url": f"https://[{SECRET}]@/"},
    ):
        assert SECRET not in json.dumps(masked(nonsense))


@pytest.mark.parametrize(
    ("status", "by_health", "fine"),
    [
        (200, False, True), (204, True, True), (405, False, True), (501, False, True), (400, False, True),
        (401, False, False), (403, True, False), (404, False, False), (404, True, False), (405, True, False),
        (302, False, False), (500, False, False), (503, True, False),
    ],
)  # fmt: skip
def test_what_an_answer_to_a_harmless_call_says(status: int, by_health: bool, fine: bool) -> None:
    said, sentence = verdict_of(status, by_health=by_health)
    assert said is fine
    assert f"answers {status}" in sentence


def test_an_address_is_judged_by_what_it_stands_for() -> None:
    with pytest.raises(ValueError, match="private"):
        ensure_address(ip_address("64:ff9b::10.0.0.1"), private=False, this_machine=False)
