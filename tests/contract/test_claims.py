"""The claims' contract (R22, R25), on the twin and on DynamoDB."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from penstock.adapters.aws_claims import ATTEMPTS, DynamoClaims
from penstock.adapters.aws_clients import AwsClients
from penstock.model import versions
from penstock.model.errors import NewerRelease, Transient
from penstock.model.findings import Outcome
from penstock.model.rows import Owner
from penstock.ports.claims import Claims
from penstock_testing.claims import MemoryClaims
from penstock_testing.memory import MemoryClock
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEEP = 90 * 86_400
FEED = "traffic"


@pytest.fixture
def table(ministack: Emulator) -> str:
    return ministack.table("Claims")


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def on_dynamodb(on_ministack: AwsClients, table: str, clock: MemoryClock) -> DynamoClaims:
    """On MiniStack: moto's PartiQL INSERT fails with parameters, and overwrites without."""
    return DynamoClaims(on_ministack.dynamodb, table, clock, KEEP, random.Random(7))


@pytest.fixture(params=["memory", "dynamodb"])
def claims(request: pytest.FixtureRequest, clock: MemoryClock) -> Claims:
    return MemoryClaims(clock, KEEP) if request.param == "memory" else request.getfixturevalue("on_dynamodb")


def owner(ordinal: int = 0, file: str = "a" * 20, digest: str = "d1", chunk: int = 0) -> Owner:
    return Owner(file, chunk, ordinal, digest)


def many(number: int, file: str = "a" * 20, first: int = 0) -> dict[str, Owner]:
    return {f"identity-{n}": owner(n, file) for n in range(first, first + number)}


# -- claiming


@pytest.mark.parametrize("number", [0, 1, 25, 26, 260])
async def test_whatever_nobody_holds_is_ours(claims: Claims, number: int) -> None:
    """More than one call of 25, and more than 8 calls at once."""
    assert await claims.claim(FEED, many(number)) == many(number)


async def test_the_same_owner_again_is_the_same(claims: Claims) -> None:
    wanted = many(30)
    await claims.claim(FEED, wanted)

    assert await claims.claim(FEED, wanted) == wanted


async def test_what_another_holds_is_read_back_with_its_whole_owner(claims: Claims) -> None:
    """More held ones than one reading of 100, mixed with free ones in the same call."""
    first = {f"identity-{n}": owner(n, "a" * 20, f"digest-{n}", chunk=n // 10) for n in range(130)}
    await claims.claim(FEED, first)

    second = many(160, "b" * 20)
    assert await claims.claim(FEED, second) == second | first


async def test_whoever_looks_sees_the_owners_and_changes_nothing(claims: Claims) -> None:
    wanted = many(30)
    await claims.claim("traffic", wanted)

    seen = await claims.owners("traffic", [*wanted, "f" * 32])

    assert seen == wanted
    assert await claims.owners("crew", list(wanted)) == {}
    assert (await claims.claim("traffic", {"f" * 32: owner(99)}))["f" * 32] == owner(99)


async def test_feeds_do_not_meet(claims: Claims) -> None:
    await claims.claim("invoices", {"x": owner(1)})

    assert await claims.claim(FEED, {"x": owner(2)}) == {"x": owner(2)}


async def test_an_identity_may_look_like_a_key(claims: Claims) -> None:
    wanted = {"a#b": owner(1), "traffic#x": owner(2), 'it\'s "quoted"': owner(3), "Köhler | 日本": owner(4)}

    assert await claims.claim(FEED, wanted) == wanted
    assert await claims.claim(FEED, dict.fromkeys(wanted, owner(9))) == wanted


async def test_of_many_at_once_one_wins_and_all_see_the_same(claims: Claims) -> None:
    identities = [f"identity-{n}" for n in range(30)]
    seen = await asyncio.gather(
        *(claims.claim(FEED, {identity: owner(0, f"{n:020}") for identity in identities}) for n in range(8))
    )

    assert all(one == seen[0] for one in seen)


# -- handing on


async def test_a_claim_is_taken_over_from_the_owner_that_was_seen(claims: Claims) -> None:
    held, wanted = owner(1, "a" * 20), owner(2, "b" * 20, "d2", chunk=3)
    await claims.claim(FEED, {"x": held})

    assert await claims.take_over(FEED, "x", held, wanted)
    assert await claims.claim(FEED, {"x": held}) == {"x": wanted}


async def test_a_correction_remembers_whom_it_corrects_and_gives_the_claim_back(claims: Claims) -> None:
    first = owner(1, "a" * 20)
    correction = Owner("b" * 20, 3, 2, "d2", revision=2, was=first)
    await claims.claim(FEED, {"x": first})
    assert await claims.take_over(FEED, "x", first, correction)
    assert await claims.claim(FEED, {"x": first}) == {"x": correction}
    # A stranger gives nothing back
    await claims.give_up(FEED, "x", owner(9, "c" * 20))
    assert await claims.claim(FEED, {"x": first}) == {"x": correction}

    await claims.give_up(FEED, "x", correction)
    await claims.give_up(FEED, "x", correction)

    assert await claims.claim(FEED, {"x": owner(9, "c" * 20)}) == {"x": first}
    await claims.give_up(FEED, "x", first)
    assert await claims.claim(FEED, {"x": owner(9, "c" * 20)}) == {"x": owner(9, "c" * 20)}


async def test_a_correction_of_what_may_come_to_nothing_keeps_all_that_was_before(claims: Claims) -> None:
    first, second = owner(1, "a" * 20), owner(2, "b" * 20, "d2")
    second = replace(second, revision=1, was=first)
    third = replace(owner(3, "c" * 20, "d3"), revision=2, was=second)
    await claims.claim(FEED, {"x": first})
    assert await claims.take_over(FEED, "x", first, second)
    assert await claims.take_over(FEED, "x", second, third)
    assert await claims.claim(FEED, {"x": first}) == {"x": third}

    for corrected, gives_up in ((second, third), (first, second)):
        await claims.give_up(FEED, "x", gives_up)
        assert await claims.claim(FEED, {"x": owner(9, "c" * 20)}) == {"x": corrected}


async def test_a_claim_under_a_later_fence_is_neither_given_up_nor_taken_from(claims: Claims) -> None:
    """What a worker holds is safe from the one before it, whose lease has passed."""
    earlier, later = (Owner("a" * 20, 0, 1, "d1", fence=fence) for fence in (3, 4))
    await claims.claim(FEED, {"x": earlier})
    assert await claims.take_over(FEED, "x", earlier, later)

    await claims.give_up(FEED, "x", earlier)
    assert not await claims.take_over(FEED, "x", earlier, owner(9, "c" * 20))
    assert await claims.claim(FEED, {"x": earlier}) == {"x": later}

    await claims.give_up(FEED, "x", replace(later, fence=7))
    assert await claims.claim(FEED, {"x": earlier}) == {"x": earlier}


@pytest.mark.parametrize("corrects", [None, Owner("z" * 20, 0, 9, "d0")])
async def test_a_claim_of_which_nobody_knows_whether_it_was_delivered_is_not_given_up(
    claims: Claims, corrects: Owner | None
) -> None:
    """Whoever knows by now takes the note off first."""
    unknown = replace(owner(1, "a" * 20), was=corrects, ended=Outcome.UNKNOWN)
    await claims.claim(FEED, {"x": owner(9, "c" * 20)})
    assert await claims.take_over(FEED, "x", owner(9, "c" * 20), unknown)

    await claims.give_up(FEED, "x", replace(unknown, ended=None))
    assert await claims.owners(FEED, ["x"]) == {"x": unknown}

    await claims.note_end(FEED, "x", replace(unknown, ended=None))
    await claims.give_up(FEED, "x", unknown)
    assert await claims.owners(FEED, ["x"]) == ({"x": corrects} if corrects else {})


async def test_a_claim_that_changed_hands_is_not_taken_over(claims: Claims) -> None:
    held, quicker, slower = (owner(1, name * 20) for name in "abc")
    await claims.claim(FEED, {"x": held})
    assert await claims.take_over(FEED, "x", held, quicker)

    assert not await claims.take_over(FEED, "x", held, slower)
    assert await claims.claim(FEED, {"x": slower}) == {"x": quicker}


async def test_a_claim_that_was_given_up_meanwhile_is_taken_over(claims: Claims) -> None:
    held, wanted = owner(1, "a" * 20), owner(1, "b" * 20)
    await claims.claim(FEED, {"x": held})
    await claims.give_up(FEED, "x", held)

    assert await claims.take_over(FEED, "x", held, wanted)
    assert await claims.claim(FEED, {"x": held}) == {"x": wanted}


async def test_of_many_that_take_over_one_does(claims: Claims) -> None:
    held = owner(1)
    await claims.claim(FEED, {"x": held})

    took = await asyncio.gather(*(claims.take_over(FEED, "x", held, owner(2, f"{n:020}")) for n in range(10)))

    assert Counter(took) == {True: 1, False: 9}


# -- how a record has ended


@pytest.mark.parametrize("outcome", [Outcome.HELD, Outcome.UNKNOWN])
async def test_how_a_record_has_ended_is_noted_and_taken_off_again(claims: Claims, outcome: Outcome) -> None:
    await claims.claim(FEED, {"identity": owner()})
    later = replace(owner(), fence=7)

    await claims.note_end(FEED, "identity", replace(later, ended=outcome))
    assert await claims.claim(FEED, {"identity": owner(1)}) == {"identity": replace(owner(), ended=outcome)}

    await claims.note_end(FEED, "identity", later)
    assert await claims.claim(FEED, {"identity": owner(1)}) == {"identity": owner()}


@pytest.mark.parametrize("stranger", [owner(1), owner(file="b" * 20), replace(owner(), fence=-1)])
async def test_only_its_owner_notes_how_it_ended_and_under_no_earlier_fence(claims: Claims, stranger: Owner) -> None:
    await claims.claim(FEED, {"identity": owner()})

    await claims.note_end(FEED, "identity", replace(stranger, ended=Outcome.HELD))

    assert await claims.claim(FEED, {"identity": owner()}) == {"identity": owner()}


async def test_nobody_notes_anything_on_an_identity_that_is_free(claims: Claims) -> None:
    await claims.note_end(FEED, "identity", replace(owner(), ended=Outcome.HELD))

    assert await claims.claim(FEED, {"identity": owner(1)}) == {"identity": owner(1)}


async def test_who_takes_over_has_not_ended_and_remembers_how_those_before_have(claims: Claims) -> None:
    held = replace(owner(), ended=Outcome.HELD)
    await claims.claim(FEED, {"identity": owner()})
    await claims.note_end(FEED, "identity", held)
    correction = replace(owner(1, digest="d2"), was=held)

    assert await claims.take_over(FEED, "identity", held, correction)
    assert await claims.claim(FEED, {"identity": owner(2)}) == {"identity": correction}

    await claims.give_up(FEED, "identity", correction)
    assert await claims.claim(FEED, {"identity": owner(2)}) == {"identity": held}


async def test_the_end_of_who_is_corrected_is_noted_while_the_correction_has_its_claim(claims: Claims) -> None:
    """It ended as held just when its correction had come, and was thought delivered once the correction had failed and
    the ledger forgotten it."""
    correction = replace(owner(1, digest="d2"), was=owner())
    again = replace(owner(2, digest="d3"), was=correction)
    await claims.claim(FEED, {"identity": owner()})
    await claims.take_over(FEED, "identity", owner(), correction)
    await claims.take_over(FEED, "identity", correction, again)

    await claims.note_end(FEED, "identity", replace(owner(), ended=Outcome.HELD))
    await claims.note_end(FEED, "identity", replace(owner(3), ended=Outcome.HELD))
    await claims.note_end(FEED, "identity", replace(owner(), fence=-1))
    held = replace(owner(), ended=Outcome.HELD)
    corrected = replace(correction, was=held)
    assert await claims.claim(FEED, {"identity": owner(4)}) == {"identity": replace(again, was=corrected)}

    await claims.give_up(FEED, "identity", replace(again, was=corrected))
    await claims.give_up(FEED, "identity", corrected)
    assert await claims.claim(FEED, {"identity": owner(4)}) == {"identity": held}


# -- giving up


async def test_what_was_given_up_can_be_claimed(claims: Claims) -> None:
    await claims.claim(FEED, {"x": owner(1)})
    await claims.give_up(FEED, "x", owner(1))

    assert await claims.claim(FEED, {"x": owner(2, "b" * 20)}) == {"x": owner(2, "b" * 20)}


@pytest.mark.parametrize("stranger", [owner(2), owner(1, "b" * 20)], ids=["another record", "another file"])
async def test_only_its_owner_gives_a_claim_up(claims: Claims, stranger: Owner) -> None:
    await claims.claim(FEED, {"x": owner(1)})
    await claims.give_up(FEED, "x", stranger)

    assert await claims.claim(FEED, {"x": stranger}) == {"x": owner(1)}


async def test_giving_up_twice_does_nothing(claims: Claims) -> None:
    await claims.claim(FEED, {"x": owner(1)})
    await claims.give_up(FEED, "x", owner(1))
    await claims.give_up(FEED, "x", owner(1))

    assert await claims.claim(FEED, {"x": owner(3)}) == {"x": owner(3)}


async def test_a_claim_that_a_newer_release_has_made_is_left_alone(
    claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(versions, "CLAIM", versions.CLAIM + 1)
        await claims.claim(FEED, {"x": owner(1)})

    with pytest.raises(NewerRelease, match="the claim was written by a newer release: its version is 2"):
        await claims.claim(FEED, {"x": owner(2)})
    with pytest.raises(NewerRelease):
        await claims.give_up(FEED, "x", owner(1))
    with monkeypatch.context() as newer:
        newer.setattr(versions, "CLAIM", versions.CLAIM + 1)
        assert await claims.claim(FEED, {"x": owner(2)}) == {"x": owner(1)}


async def test_a_claim_that_has_expired_is_free(claims: Claims, clock: MemoryClock) -> None:
    """DynamoDB takes its time to delete it."""
    await claims.claim(FEED, {"x": owner(1), "y": owner(1)})
    await clock.sleep(KEEP - 1)
    assert await claims.claim(FEED, {"x": owner(2)}) == {"x": owner(1)}
    assert await claims.take_over(FEED, "y", owner(1), owner(2))

    await clock.sleep(1)

    assert await claims.claim(FEED, {"x": owner(3), "y": owner(3)}) == {"x": owner(3), "y": owner(2)}


# -- DynamoDB alone


async def test_claims_expire_long_after_their_last_change(
    on_dynamodb: DynamoClaims, ministack: Emulator, table: str
) -> None:
    """R25; also those that were taken over, from then on."""
    clock = on_dynamodb.clock
    await on_dynamodb.claim(FEED, many(3))
    await clock.sleep(1000)
    await on_dynamodb.take_over(FEED, "identity-0", owner(0), owner(7))

    now = int(clock.now())
    assert sorted(int(item["expires_at"]["N"]) - now for item in ministack.items(table)) == [
        KEEP - 1000,
        KEEP - 1000,
        KEEP,
    ]


async def test_a_claim_that_is_handed_back_lives_on_from_then(
    on_dynamodb: DynamoClaims, ministack: Emulator, table: str
) -> None:
    first = owner(1, "a" * 20)
    correction = Owner("b" * 20, 3, 2, "d2", revision=2, was=first)
    await on_dynamodb.claim(FEED, {"x": first})
    await on_dynamodb.take_over(FEED, "x", first, correction)

    await on_dynamodb.clock.sleep(1000)
    await on_dynamodb.give_up(FEED, "x", correction)

    (item,) = ministack.items(table)
    assert (item["f"]["S"], int(item["expires_at"]["N"])) == ("a" * 20, int(on_dynamodb.clock.now()) + KEEP)


async def test_a_claim_of_an_earlier_release_is_read_and_one_with_more_than_is_known_too(
    on_dynamodb: DynamoClaims, ministack: Emulator, table: str
) -> None:
    was = {"file_id": "a" * 20, "chunk": 1, "ordinal": 2, "digest": "d0", "colour": "red", "was": None}
    item = {
        "pk": {"S": f"{FEED}#x"}, "f": {"S": "b" * 20}, "c": {"N": "3"}, "o": {"N": "4"}, "d": {"S": "d1"},
        "was": {"S": json.dumps(was)}, "colour": {"S": "red"},
    }  # fmt: skip
    ministack.client("dynamodb").put_item(TableName=table, Item=item)

    held = await on_dynamodb.claim(FEED, {"x": owner(9)})

    assert held == {"x": Owner("b" * 20, 3, 4, "d1", was=Owner("a" * 20, 1, 2, "d0"))}


THROTTLED = {"Error": {"Code": "ThrottlingError", "Message": "slow down"}}


def stubbed(**scripts: list[object]) -> tuple[DynamoClaims, Scripted]:
    client = Scripted(**scripts)
    return DynamoClaims(client, "claims", MemoryClock(), KEEP, random.Random(7)), client


async def test_a_throttled_statement_is_retried_alone() -> None:
    """MiniStack never throttles."""
    claims, client = stubbed(
        batch_execute_statement=[{"Responses": [{}, THROTTLED, {}]}, {"Responses": [THROTTLED]}, {"Responses": [{}]}]
    )

    assert await claims.claim(FEED, many(3)) == many(3)
    keys = [[statement["Parameters"][0]["S"] for statement in request["Statements"]] for _, request in client.calls]
    assert keys == [
        ["traffic#identity-0", "traffic#identity-1", "traffic#identity-2"],
        ["traffic#identity-1"],
        ["traffic#identity-1"],
    ]


async def test_throttled_without_end_is_transient() -> None:
    claims, client = stubbed(batch_execute_statement=[{"Responses": [THROTTLED]} for _ in range(ATTEMPTS)])

    with pytest.raises(Transient):
        await claims.claim(FEED, many(1))
    assert len(client.calls) == ATTEMPTS


async def test_a_call_that_fails_is_transient() -> None:
    """Not a group of errors: whoever catches Transient must catch it."""
    claims, _ = stubbed(batch_execute_statement=[refusal("ThrottlingException"), refusal("InternalServerError", 500)])

    with pytest.raises(Transient):
        await claims.claim(FEED, many(30))


async def test_a_claim_given_up_between_the_insert_and_the_reading_is_claimed_again() -> None:
    claims, client = stubbed(
        batch_execute_statement=[{"Responses": [{"Error": {"Code": "DuplicateItem"}}]}, {"Responses": [{}]}],
        batch_get_item=[{"Responses": {"claims": []}}],
    )

    assert await claims.claim(FEED, many(1)) == many(1)
    assert len(client.calls) == 3


async def test_owners_that_could_not_all_be_read_are_read_on() -> None:
    def item(number: int) -> dict[str, object]:
        return {
            "pk": {"S": f"traffic#identity-{number}"}, "f": {"S": "b" * 20}, "c": {"N": "0"},
            "o": {"N": str(number)}, "d": {"S": "d1"}, "r": {"N": "0"}, "n": {"N": "0"},
        }  # fmt: skip

    left = {"claims": {"Keys": [{"pk": {"S": "traffic#identity-1"}}]}}
    claims, client = stubbed(
        batch_execute_statement=[{"Responses": [{"Error": {"Code": "DuplicateItem"}}] * 2}],
        batch_get_item=[
            {"Responses": {"claims": [item(0)]}, "UnprocessedKeys": left},
            {"Responses": {"claims": [item(1)]}, "UnprocessedKeys": {}},
        ],
    )

    assert await claims.claim(FEED, many(2)) == many(2, "b" * 20)
    assert client.calls[-1] == ("batch_get_item", {"RequestItems": left})
