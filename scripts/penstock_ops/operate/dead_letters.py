"""Dead letters: messages that a stage has given up on, and what they are about. Looking at them changes nothing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from penstock.model.errors import MalformedMessage
from penstock.model.intake import read_notification
from penstock.model.messages import ChunkMessage, DispatchMessage, PagesMessage, SplitMessage, read_any
from penstock.model.notices import read_notice
from penstock_ops.operate.times import utc

PER_CALL = 10  #: SQS takes and gives no more in one call
UNSEEN = 60  #: seconds a letter is out of others' sight, unless it is given back before


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in a DLQ. `group` is its fair queue's, `attributes` are what its sender added. `sent_at` is when it was
    sent first, in seconds since the epoch; `receives` counts how often it was received, this time included."""

    message_id: str
    body: str = field(repr=False)
    receipt: str = field(repr=False)
    receives: int
    sent_at: float
    group: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Subject:
    """What a letter is about: a file as a whole, or records of it, "3,7-9" by ordinal."""

    feed: str
    file_id: str
    key: str
    chunk: int | None = None
    records: str | None = None
    round: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The subject as JSON shows it, without what it does not have."""
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) is not None}


def subjects_of(letter: Letter) -> list[Subject] | None:
    """What a letter is about: nothing, if it is S3's test event; None where nobody can read it."""
    try:
        message = read_any(letter.body)
    except MalformedMessage:
        told = _told(letter.body)
        return _dropped(letter.body) if told is None else told
    if isinstance(message, SplitMessage | PagesMessage):
        return [Subject(message.file.feed, message.file.file_id, message.file.dropped.key)]
    return [_about(message.chunk if isinstance(message, DispatchMessage) else message)]


def _told(body: str) -> list[Subject] | None:
    """What the notifier was to tell of; None if it is none of its messages. A redrive of one calls no feed's
    destination, so it has no feed."""
    try:
        notice = read_notice(body).notice
    except MalformedMessage:
        return _heard(body)
    return [Subject("", notice.file_id, notice.title)]


def _heard(body: str) -> list[Subject] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    match said:
        case {"look": "hour"}:
            return []
        case {"detail-type": str(), "detail": {"file_id": str(file_id), **detail}}:
            return [Subject("", file_id, str(detail.get("key", "")))]
        case {"detail-type": str(), "detail": {}}:
            return []
        case _:
            return None


def _dropped(body: str) -> list[Subject] | None:
    try:
        return [Subject(file.feed, file.file_id, file.dropped.key) for file in read_notification(body)]
    except MalformedMessage:
        return None


def _about(chunk: ChunkMessage) -> Subject:
    file, span = chunk.file, chunk.span
    last = span.first_record + span.records - 1
    records = chunk.only or (f"{span.first_record}-{last}" if last > span.first_record else f"{last}")
    return Subject(file.feed, file.file_id, file.dropped.key, span.chunk, records, chunk.generation)


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """A DLQ in SQS. `sources` are the URLs of the queues its letters come from: one for every feed, by its name, or one
    for all, named ""."""

    sqs: Any
    name: str
    url: str
    sources: Mapping[str, str]

    async def count(self) -> tuple[int, int]:
        """How many letters can be seen, and how many somebody else is looking at. SQS counts a while late."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        seen, unseen = (int(answer["Attributes"][name]) for name in names)
        return seen, unseen

    async def arn(self) -> str:
        """What the queue is called where a URL will not do."""
        answer = await self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]

    async def receive(self, most: int) -> list[Letter]:
        """At most `most` (up to 10) letters, out of others' sight for `UNSEEN` seconds; none if none can be seen."""
        answer = await self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=UNSEEN,
            # Without a wait, SQS asks only some of its hosts, and may well say that there is nothing.
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [_letter(message) for message in answer.get("Messages", ())]

    async def give_back(self, letters: Iterable[Letter]) -> None:
        """Others can see them again, at once."""
        for call in batched(letters, PER_CALL, strict=False):
            entries = [
                {"Id": str(place), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                for place, letter in enumerate(call)
            ]
            await self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    async def look(self, most: int) -> list[Letter]:
        """At most `most` letters, the oldest first. All of them lie there afterwards as before."""
        letters: dict[str, Letter] = {}
        try:
            while len(letters) < most:
                received = await self.receive(min(PER_CALL, most - len(letters)))
                # A long look sees its first letters again.
                if all(letter.message_id in letters for letter in received):
                    break
                letters |= {letter.message_id: letter for letter in received}
        finally:
            await self.give_back(letters.values())
        return sorted(letters.values(), key=lambda letter: letter.sent_at)

    def source_of(self, letter: Letter) -> str | None:
        """The URL of the queue it came from; None where nobody can tell. A letter that nobody can read stays where it
        is: it would only come back."""
        subjects = subjects_of(letter)
        if subjects is None or "" in self.sources:
            return None if subjects is None else self.sources[""]
        return next((self.sources.get(subject.feed) for subject in subjects), None)

    async def send_back(self, letter: Letter, source: str) -> None:
        """Moves a received letter to this queue. It is deleted after it was sent: broken off in between, it is there
        twice, which is harmless."""
        more: dict[str, Any] = {"MessageGroupId": letter.group} if letter.group else {}
        if letter.attributes:
            more["MessageAttributes"] = dict(letter.attributes)
        await self.sqs.send_message(QueueUrl=source, MessageBody=letter.body, **more)
        await self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt)


def _letter(message: Mapping[str, Any]) -> Letter:
    attributes = message["Attributes"]
    return Letter(
        message_id=message["MessageId"],
        body=message["Body"],
        receipt=message["ReceiptHandle"],
        receives=int(attributes["ApproximateReceiveCount"]),
        sent_at=int(attributes["SentTimestamp"]) / 1000,
        group=attributes.get("MessageGroupId"),
        attributes=message.get("MessageAttributes", {}),
    )


def described(letter: Letter) -> dict[str, Any]:
    """A letter for people and machines; never by its content."""
    subjects = subjects_of(letter)
    return {
        "message_id": letter.message_id,
        "receives": letter.receives,
        "sent": utc(letter.sent_at),
        "readable": subjects is not None,
        "about": [subject.as_dict() for subject in subjects or ()],
    }


async def summary(queue: DeadLetters, most: int) -> dict[str, Any]:
    """A DLQ in a few lines: how many letters it holds, and what `most` of those that can be seen are about."""
    (seen, unseen), letters = await queue.count(), await queue.look(most)
    return {
        "queue": queue.name,
        "letters": max(seen + unseen, len(letters)),
        "looked_at": len(letters),
        "oldest": utc(letters[0].sent_at) if letters else None,
        "unreadable": sum(subjects_of(letter) is None for letter in letters),
        "files": _by_file(letters),
    }


def _by_file(letters: Sequence[Letter]) -> list[dict[str, Any]]:
    """What is said of each file: how many letters, of which records, and how often the most tried one was received."""
    files: dict[str, dict[str, Any]] = {}
    records: dict[str, list[str]] = {}
    pairs = ((letter, subject) for letter in letters for subject in subjects_of(letter) or ())
    for letter, subject in pairs:
        named = {"file_id": subject.file_id, "feed": subject.feed, "key": subject.key, "letters": 0, "receives": 0}
        file = files.setdefault(subject.file_id, named)
        file |= {"letters": file["letters"] + 1, "receives": max(file["receives"], letter.receives)}
        records.setdefault(subject.file_id, []).extend([subject.records] if subject.records else [])
    return [file | {"records": ",".join(sorted(records[file_id], key=_first))} for file_id, file in files.items()]


def _first(records: str) -> int:
    return int(records.partition(",")[0].partition("-")[0])
