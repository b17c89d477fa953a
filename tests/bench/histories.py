"""What a record costs beside a year's history, in write and read units: the crew feed's examination over MiniStack,
each duty in a file of its own, by the sizes of the items that are written and read. Once as one document that is
written anew each time, as histories were kept until they had segments, and once as they are kept.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from penstock.adapters.aws_clients import AwsClients, aws_clients
from penstock.adapters.aws_histories import DynamoHistoryItems
from penstock.adapters.aws_items import size_of
from penstock.adapters.system_clock import SystemClock
from penstock.feeds.crew import CREW
from penstock.feeds.crew.policy import REGULATION_ONLY
from penstock.identity.examination import Examiner, OutcomeLookup
from penstock.identity.ours import Ours
from penstock.identity.segmented_histories import USUAL, SegmentedHistories, Shape
from penstock.model.findings import Outcome
from penstock.model.records import Accepted
from penstock.ports.histories import Entry
from tests.bench.duties import year
from tests.bench.requests import PRICES, UNIT
from tests.bench.timing import row
from tests.support.emulators import Emulator, ministack_in

MEMBERS = 3
KNOWN = 200  #: duties of each that are known when the counting begins; it ends with the year
READ_UNIT = 4096  #: bytes that a consistent read reads for one unit
WRITTEN_ANEW = replace(USUAL, small=sys.maxsize)
WAYS: Mapping[str, Shape] = {"one document": WRITTEN_ANEW, "with segments": USUAL}


class Metered:
    """A client of DynamoDB that counts units, by the sizes of items."""

    def __init__(self, client: Any) -> None:
        self._client, self.units = client, Counter[str]()

    async def update_item(self, **request: Any) -> Any:
        answer = await self._client.update_item(**request)
        self.units["DynamoDB write units"] += ceil(size_of(answer["Attributes"]) / UNIT)
        return answer

    async def batch_get_item(self, **request: Any) -> Any:
        answer = await self._client.batch_get_item(**request)
        asked = sum(len(one["Keys"]) for one in request["RequestItems"].values())
        found = [item for items in answer["Responses"].values() for item in items]
        # What is not there costs a unit as well.
        self.units["DynamoDB read units"] += asked - len(found) + sum(ceil(size_of(one) / READ_UNIT) for one in found)
        return answer

    async def query(self, **request: Any) -> Any:
        answer = await self._client.query(**request)
        self.units["DynamoDB read units"] += max(1, ceil(sum(map(size_of, answer["Items"])) / READ_UNIT))
        return answer


def measure() -> list[dict[str, Any]]:
    """Units and dollars a record."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ministack_in(Path(folder) / "ministack") as server,
        server.around(),
    ):
        return [one for way, shape in WAYS.items() for one in asyncio.run(_of(server, way, shape))]


async def _of(server: Emulator, way: str, shape: Shape) -> list[dict[str, Any]]:
    async with aws_clients() as aws:
        records, metered = await _counted(aws, server.table("Ledger"), shape)
    units = metered.units
    rows = [row(f"{way}: {name}", number / records, "a record") for name, number in sorted(units.items())]
    dollars = sum(number * PRICES[name] for name, number in units.items()) / records * 1e6
    return [*rows, row(f"{way}: both of them, list price of 2025", dollars, "$ a million")]


async def _counted(aws: AwsClients, table: str, shape: Shape) -> tuple[int, Metered]:
    """How many records were counted, and what they have cost."""
    metered, clock = Metered(aws.dynamodb), SystemClock()
    histories = SegmentedHistories(DynamoHistoryItems(metered, table, clock), clock.now, shape)
    duties: dict[str, list[Accepted]] = {}
    for ordinal, record in enumerate(CREW.model.validate_python(year("far117"))):
        payload = CREW.model.dump_json([record])[1:-1]
        duties.setdefault(record["crew_id"], []).append(Accepted(ordinal, "", "", "", payload))
    each, examination = list(duties.values())[:MEMBERS], CREW.examination
    assert examination

    async def file(number: int, records: Sequence[Accepted]) -> None:
        ours = Ours(f"{number:020x}", 0, 1)
        examiner = Examiner(histories, CREW, examination, REGULATION_ONLY, ours, clock.now())
        examined = await examiner.examine(records, _all_delivered)
        assert len(examined.accepted) == len(records), examined

    for records in each:
        await file(records[0].ordinal, records[:KNOWN])
    metered.units.clear()
    for records in each:
        for record in records[KNOWN:]:
            await file(record.ordinal, [record])
    return sum(len(records) - KNOWN for records in each), metered


async def _all_delivered() -> OutcomeLookup:
    async def outcome(entry: Entry) -> Outcome:
        return Outcome.DELIVERED

    return outcome
