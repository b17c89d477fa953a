"""What goes over the wire to AWS, counted where it arrives: a proxy before an emulator, which knows nothing of ours.

Each request is told apart by what AWS itself goes by: the operation in a header, or S3's method and path. Of DynamoDB's
units the answer says how many there are; where a condition refused a write, it is one for each item, two in a
transaction. MiniStack says that every item is read by one unit: the answer is mended to what DynamoDB would say, a unit
for each 4 KiB begun.
"""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from penstock.adapters.aws_items import size_of
from tests.support.serving import served

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchExecuteStatement")
READS = ("GetItem", "BatchGetItem", "Query")
READ = 4096  #: bytes that a unit reads
REFUSALS = ("ConditionalCheckFailedException", "TransactionCanceledException")


@dataclass
class Counted:
    """What has come, by the names that `Usage` has; and each request, for people."""

    url: str = ""
    numbers: Counter[str] = field(default_factory=Counter[str])
    requests: Counter[str] = field(default_factory=Counter[str])

    def take(self, method: str, path: str, target: str, body: bytes, answer: bytes, status: int) -> None:
        service, _, operation = target.partition(".")
        if service.startswith("DynamoDB"):
            self._take_dynamodb(operation, json.loads(body), json.loads(answer), status)
        elif service == "AmazonSQS":
            self._add(operation, "sqs_requests", ceil(len(body) / 65_536))
        elif service == "AWSEvents":
            self._add(operation, "events", 1)
        elif not service:
            self._take_s3(method, urlsplit(path).query.startswith(("list-type", "versions", "prefix")))
        else:
            self._add(f"{service}.{operation}", "", 0)

    def _take_dynamodb(self, operation: str, request: Any, answer: Any, status: int) -> None:
        name = "dynamodb_writes" if operation in WRITES else "dynamodb_reads"
        if status == 200:
            consumed = answer.get("ConsumedCapacity", [])
            tables = consumed if isinstance(consumed, list) else [consumed]
            self._add(operation, name, sum(one["CapacityUnits"] for one in tables))
        elif answer["__type"].endswith(REFUSALS):
            self._add(f"{operation} refused", name, 2 * len(request.get("TransactItems", [])) or 1)

    def _take_s3(self, method: str, is_listing: bool) -> None:
        if method == "DELETE":
            self._add("s3 DELETE", "", 0)
        else:
            kind = "s3_puts" if method in ("PUT", "POST") or is_listing else "s3_gets"
            self._add(f"s3 {method}", kind, 1)

    def _add(self, request: str, name: str, number: float) -> None:
        self.requests[request] += 1
        if name:
            self.numbers[name] += number  # pyright: ignore[reportArgumentType]


def _mended(request: Any, answer: Any) -> bytes:
    """An answer to a read, with the units that DynamoDB charges for items of that size; what is not there costs one."""
    if "RequestItems" in request:
        asked = sum(len(one["Keys"]) for one in request["RequestItems"].values())
        items = [item for found in answer["Responses"].values() for item in found]
        units = sum(ceil(size_of(item) / READ) for item in items) + asked - len(items)
        answer["ConsumedCapacity"] = [{"TableName": "", "CapacityUnits": units}]
    else:
        items = answer["Items"] if "Items" in answer else [answer.get("Item", {})]
        answer["ConsumedCapacity"] = {"TableName": "", "CapacityUnits": max(1, ceil(sum(map(size_of, items)) / READ))}
    return json.dumps(answer).encode()


@contextmanager
def counting(endpoint: str) -> Generator[Counted]:
    """A proxy before this endpoint, which counts."""
    counted, behind, lock = Counted(), urlsplit(endpoint), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(behind.hostname or "", behind.port)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            connection.close()
            if self.headers.get("X-Amz-Target", "").endswith(READS) and response.status == 200:
                answer = _mended(json.loads(body), json.loads(answer))
            with lock:
                target = self.headers.get("X-Amz-Target", "")
                counted.take(self.command, self.path, target, body, answer, response.status)
            self.send_response(response.status)
            passed = {"connection", "transfer-encoding", "content-length", "date", "server", "x-amz-crc32"}
            for name, value in response.getheaders():
                if name.lower() not in passed:
                    self.send_header(name, value)
            length = response.getheader("Content-Length") if self.command == "HEAD" else str(len(answer))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    with served(Handler) as counted.url:
        yield counted
