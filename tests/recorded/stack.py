"""A stack of which all that is kept lies in the tables, and can be written down and put back: DynamoDB by an emulator,
the rest in memory."""

from base64 import b64decode, b64encode
from typing import Any

from penstock.adapters.aws_claims import DynamoClaims
from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_histories import DynamoHistoryItems
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.identity.segmented_histories import SegmentedHistories
from penstock.ports.destination import Answer
from tests.support.destination import Api
from tests.support.emulators import Emulator
from tests.support.pipeline import Pipeline

KEEP = 90 * 86_400
QUEUES = ("intake", "chunks", "dispatches")

type Recorded = dict[str, Any]


class Stack:
    """A pipeline over new tables."""

    def __init__(self, emulator: Emulator, aws: AwsClients, api: Api) -> None:
        self._dynamodb = emulator.client("dynamodb")
        self.tables = {name: emulator.table(name.title()) for name in ("ledger", "claims")}
        self.pipeline = Pipeline(api)
        clock: Any = self.pipeline.clock
        made: Any = self.pipeline
        made.ledger = DynamoLedger(aws.dynamodb, self.tables["ledger"], clock, KEEP)
        made.claims = DynamoClaims(aws.dynamodb, self.tables["claims"], clock, KEEP)
        made.histories = SegmentedHistories(DynamoHistoryItems(aws.dynamodb, self.tables["ledger"], clock), clock.now)

    def items(self, table: str) -> list[dict[str, Any]]:
        """A table's items, in the order of their keys."""
        found = self._dynamodb.scan(TableName=self.tables[table], ConsistentRead=True)["Items"]
        return sorted(found, key=lambda item: (item["pk"]["S"], item.get("sk", {}).get("S", "")))

    def put(self, table: str, item: dict[str, Any]) -> None:
        """An item as it is given."""
        self._dynamodb.put_item(TableName=self.tables[table], Item=item)

    def recorded(self) -> Recorded:
        """All that is kept."""
        of = self.pipeline
        return {
            "now": of.clock.now(),
            "tables": {name: [_plain(item) for item in self.items(name)] for name in self.tables},
            "sources": [[*place, _text(body)] for place, body in sorted(of.store.sources.items())],
            "work": {key: _text(body) for key, body in sorted(of.store.work.items())},
            "archive": {key: _text(body) for key, body in sorted(of.store.archive.items())},
            "queues": {name: [held.body for held in getattr(of, name).messages.values()] for name in QUEUES},
            "dead_letters": of.dead_letters,
            "destination": {
                "honours_keys": of.api.settings_now.honours_idempotency_key,
                "applied": dict(of.api.applied),
                "answers": {
                    key: [_text(body), answer.status, _text(answer.body), answer.content_type]
                    for key, (body, answer) in of.api._answers.items()
                },
            },
        }

    async def put_back(self, recorded: Recorded) -> None:
        """Everything as it was."""
        of = self.pipeline
        await of.clock.sleep(recorded["now"] - of.clock.now())
        for name, items in recorded["tables"].items():
            for item in items:
                self.put(name, _item(item))
        for bucket, key, version, body in recorded["sources"]:
            of.store.sources[bucket, key, version] = _bytes(body)
        of.store.work |= {key: _bytes(body) for key, body in recorded["work"].items()}
        of.store.archive |= {key: _bytes(body) for key, body in recorded["archive"].items()}
        for name in QUEUES:
            for body in recorded["queues"][name]:
                of.put(getattr(of, name), body)
        told = recorded["destination"]
        of.api.applied.update(told["applied"])
        for key, (body, status, answer, kind) in told["answers"].items():
            of.api._answers[key] = _bytes(body), Answer(status, _bytes(answer), kind)


def _text(body: bytes) -> str:
    """Bytes as a recording has them: text where they are, so that a reader sees what is in it."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"base64:{b64encode(body).decode()}"
    return text if not text.startswith("base64:") else f"base64:{b64encode(body).decode()}"


def _bytes(text: str) -> bytes:
    return b64decode(text.removeprefix("base64:")) if text.startswith("base64:") else text.encode()


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """An item as JSON has it."""
    return {
        name: {kind: b64encode(value).decode() if kind == "B" else value for kind, value in one.items()}
        for name, one in item.items()
    }


def _item(plain: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {kind: b64decode(value) if kind == "B" else value for kind, value in one.items()}
        for name, one in plain.items()
    }
