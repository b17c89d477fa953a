"""Dead letters in SQS: looked at without a trace, and sent back to where they came from (R36)."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.model.messages import ChunkMessage, DispatchMessage, Layout, SourceFile, Span
from penstock.model.notices import NoticeMessage
from penstock.notices.words import trial
from penstock_ops.operate import dead_letters, redrives
from penstock_ops.operate.dead_letters import DeadLetters, Letter, Subject
from penstock_ops.operate.redrives import MoveFailed
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEEDS = frozenset({"traffic", "crew"})


def chunk(number: int, feed: str = "traffic", **changes: Any) -> ChunkMessage:
    """A chunk of 100 records of a file."""
    file = SourceFile(feed=feed, bucket="drop", key=f"{feed}/a.csv", version_id="v1", etag="e", size=1)
    span = Span(chunk=number, start=0, end=1, first_record=number * 100, records=100, line=1)
    return ChunkMessage(file=file, layout=Layout(format="csv"), span=span, **changes)


def delivery(number: int, feed: str = "traffic") -> str:
    return DispatchMessage(chunk=chunk(number, feed), accepted=100, rejected=0).model_dump_json()


@dataclass
class Place:
    """A dispatch DLQ with the queues of two feeds, on MiniStack, which has no task that moves messages."""

    queue: DeadLetters
    sqs: Any

    def put(self, body: str, group: str = "traffic", **attributes: str) -> None:
        named = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        self.sqs.send_message(QueueUrl=self.queue.url, MessageBody=body, MessageGroupId=group, MessageAttributes=named)

    def taken(self, url: str) -> list[dict[str, Any]]:
        """Everything in a queue, taken out of it."""
        taken: list[dict[str, Any]] = []
        while batch := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages"):
            taken += batch
        return taken

    def bodies(self, feed: str) -> list[str]:
        return sorted(message["Body"] for message in self.taken(self.queue.sources[feed]))


@pytest.fixture
def place(on_ministack: AwsClients, ministack: Emulator) -> Place:
    sources = {feed: ministack.queue() for feed in sorted(FEEDS)}
    queue = DeadLetters(on_ministack.sqs, "dispatch", ministack.queue(VisibilityTimeout="60"), sources)
    return Place(queue, ministack.client("sqs"))


# -- looking


@pytest.mark.parametrize(
    ("body", "subjects"),
    [
        (
            NoticeMessage(route="desk", notice=trial("desk", 0.0)).model_dump_json(),
            [Subject("", "", trial("desk", 0.0).title)],
        ),
        (
            '{"detail-type": "FileSettled", "detail": {"file_id": "4c9e", "key": "traffic/a.csv", "feed": "traffic"}}',
            [Subject("", "4c9e", "traffic/a.csv")],
        ),
        ('{"detail-type": "CircuitOpened", "detail": {"feed": "traffic"}}', []),
        ('{"look": "hour"}', []),
        ("[]", None),
    ],
)
async def test_what_the_notifier_gave_up_can_be_read_and_sent_back(
    body: str, subjects: list[Subject] | None, place: Place
) -> None:
    letter = Letter("1", body, "r", 1, 0.0)
    notices = replace(place.queue, name="notice", sources={"": "https://sqs/notices"})

    assert dead_letters.subjects_of(letter) == subjects
    assert notices.source_of(letter) == (None if subjects is None else "https://sqs/notices")


async def test_a_look_says_what_letters_are_about_and_leaves_them_there(place: Place) -> None:
    # Given
    for number in (2, 0):
        place.put(delivery(number))

    # When
    looks = [await dead_letters.summary(place.queue, 10) for _ in range(2)]

    # Expect
    file = chunk(0).file
    for times, look in enumerate(looks, 1):
        assert look.pop("oldest").startswith("20")
        assert look == {
            "queue": "dispatch",
            "letters": 2,
            "looked_at": 2,
            "unreadable": 0,
            "files": [
                {
                    "file_id": file.file_id,
                    "feed": "traffic",
                    "key": "traffic/a.csv",
                    "letters": 2,
                    "receives": times,
                    "records": "0-99,200-299",
                }
            ],
        }
    assert len(place.taken(place.queue.url)) == 2


async def test_an_empty_queue_has_nothing_to_say(place: Place) -> None:
    look = await dead_letters.summary(place.queue, 10)
    assert look == {"queue": "dispatch", "letters": 0, "looked_at": 0, "oldest": None, "unreadable": 0, "files": []}


async def test_a_look_sees_more_than_one_call_gives_and_no_more_than_was_asked_for(place: Place) -> None:
    for number in range(23):
        place.put(delivery(number))

    assert len(await place.queue.look(21)) == 21
    assert len({letter.message_id for letter in await place.queue.look(100)}) == 23


async def test_a_letter_is_told_by_its_subject_and_an_unreadable_one_by_its_id_alone(place: Place) -> None:
    # Given
    record = {
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "drop"}, "object": {"key": "traffic/b+c.csv"}},
    }
    place.put(chunk(3, generation=2, only="301,305-307").model_dump_json())
    place.put(json.dumps({"Records": [record]}))
    place.put(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}))
    place.put("secret: Ada's Diner")

    # When
    told = [dead_letters.described(letter) for letter in await place.queue.look(10)]

    # Expect
    abouts = [one["about"] for one in told]
    assert {"feed": "traffic", "file_id": chunk(3).file.file_id, "key": "traffic/a.csv", "chunk": 3,
            "records": "301,305-307", "round": 2} in [about for several in abouts for about in several]  # fmt: skip
    assert "traffic/b c.csv" in [about["key"] for several in abouts for about in several]
    assert sorted((one["readable"], len(one["about"])) for one in told) == [(False, 0), (True, 0), (True, 1), (True, 1)]
    assert "Ada" not in json.dumps(told)


# -- moving


async def moved(place: Place, limit: int | None = None) -> redrives.Moved:
    return await redrives.move(place.queue, limit, lambda done, total: None)


async def test_each_letter_goes_back_to_its_feeds_queue_with_its_group_and_attributes(place: Place) -> None:
    # Given
    place.put(delivery(0), trace="abc")
    place.put(delivery(1, "crew"), group="crew")

    # When
    done = await moved(place)

    # Expect
    assert (done.letters, done.left) == (2, 0)
    (traffic,) = place.taken(place.queue.sources["traffic"])
    assert traffic["Body"] == delivery(0)
    assert traffic["Attributes"]["MessageGroupId"] == "traffic"
    assert traffic["MessageAttributes"]["trace"]["StringValue"] == "abc"
    assert place.bodies("crew") == [delivery(1, "crew")]
    assert place.taken(place.queue.url) == []


async def test_a_limit_moves_no_more(place: Place) -> None:
    for number in range(25):
        place.put(delivery(number))

    assert (await moved(place, limit=12)).letters == 12
    assert len(place.bodies("traffic")) == 12
    assert len(await place.queue.look(100)) == 13


async def test_what_nobody_can_read_or_has_no_feed_stays_and_holds_up_nothing(place: Place) -> None:
    place.put("nonsense")
    place.put(delivery(0, "no-more"))
    place.put(delivery(1))

    done = await moved(place)

    assert (done.letters, done.left) == (1, 2)
    assert place.bodies("traffic") == [delivery(1)]
    assert len(await place.queue.look(10)) == 2


async def test_a_long_move_ends_where_only_what_stays_can_be_seen(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given letters that can be seen again at once
    monkeypatch.setattr(dead_letters, "UNSEEN", 0)
    place.put("nonsense")

    # Expect
    assert (await moved(place)).left == 1
    assert len(await place.queue.look(10)) == 1


async def test_a_move_that_breaks_off_loses_nothing(place: Place) -> None:
    # Given a service that goes away after two were sent, before the second is deleted
    for number in range(4):
        place.put(delivery(number))
    queue, sent = place.queue, list[str]()

    class Breaking:
        def __getattr__(self, operation: str) -> Any:
            return getattr(queue.sqs, operation)

        async def send_message(self, **request: Any) -> None:
            sent.append(request["MessageBody"])
            await queue.sqs.send_message(**request)

        async def delete_message(self, **request: Any) -> None:
            if len(sent) == 2:
                raise OSError("gone")
            await queue.sqs.delete_message(**request)

    # When
    breaking = DeadLetters(Breaking(), queue.name, queue.url, queue.sources)
    with pytest.raises(OSError, match="gone"):
        await redrives.move(breaking, None, lambda done, total: None)
    await moved(place)

    # Expect
    arrived = place.bodies("traffic")
    assert sorted(set(arrived)) == [delivery(number) for number in range(4)]
    assert len(arrived) == 5


async def test_a_plan_counts_what_there_is_and_changes_nothing(place: Place) -> None:
    place.put(delivery(0))
    place.put(delivery(1, "crew"))
    place.put("nonsense")

    plan = await redrives.plan(place.queue, FEEDS, None)

    assert redrives.described(plan, None) == {
        "queue": "dispatch",
        "letters": 3,
        "feeds": ["crew", "traffic"],
        "unreadable": 1,
        "moved": None,
        "left": None,
    }
    assert (await redrives.plan(place.queue, FEEDS, 2)).letters == 2
    assert len(place.taken(place.queue.url)) == 3


async def test_a_plan_that_has_not_seen_every_letter_concerns_every_feed(place: Place) -> None:
    place.put(delivery(0))
    place.put(delivery(1))

    assert (await redrives.plan(place.queue, FEEDS, None)).feeds == {"traffic"}
    assert (await redrives.plan(place.queue, FEEDS, 1)).feeds == FEEDS


# -- AWS's own task, which no emulator has


def scripted(*tasks: dict[str, Any], begun: Any = None) -> tuple[Scripted, DeadLetters]:
    sqs = Scripted(
        get_queue_attributes=[{"Attributes": {"QueueArn": "arn:dlq"}}] * 2,
        start_message_move_task=[begun or {"TaskHandle": "handle"}],
        list_message_move_tasks=[{"Results": [task]} for task in tasks],
    )
    return sqs, DeadLetters(sqs, "chunk", "url", {"": "source"})


async def test_aws_moves_a_whole_queue_by_itself_and_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    monkeypatch.setattr(redrives, "INTERVAL", 0)
    sqs, queue = scripted(
        {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 3, "ApproximateNumberOfMessagesToMove": 7},
        {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 7, "ApproximateNumberOfMessagesToMove": 7},
    )
    progress: list[tuple[int, int | None]] = []

    # When
    done = await redrives.move(queue, None, lambda moved, total: progress.append((moved, total)))

    # Expect
    assert (done.letters, done.left) == (7, 0)
    assert progress == [(3, 7), (7, 7)]
    # To where its messages came from: no other place is named.
    assert ("start_message_move_task", {"SourceArn": "arn:dlq"}) in sqs.calls


async def test_a_task_that_aws_gives_up_says_why() -> None:
    _, queue = scripted({"Status": "FAILED", "FailureReason": "AccessDenied"})
    with pytest.raises(MoveFailed, match="the chunk DLQ as failed: AccessDenied"):
        await redrives.move(queue, None, lambda done, total: None)


async def test_any_other_refusal_is_not_taken_for_a_missing_task() -> None:
    denied = refusal("AccessDenied", 403)
    _, queue = scripted(begun=denied)
    with pytest.raises(type(denied), match="AccessDenied"):
        await redrives.move(queue, None, lambda done, total: None)
