"""DynamoDB's low-level API over aiohttp, for the calls that the pipeline makes.

botocore builds each request and reads each answer by a model of the service, looks for the endpoint again and puts a
user agent together for each call, which was three quarters of what a claim cost (decision 0087). Here a request is JSON
as it goes over the wire, and so is its answer; only binary values are base64 (`aws_items.binary`). What botocore knows
better is still asked of it: who we are and until when, where the service is, which certificates are trusted, whether
there is a proxy. Errors are its own, so whoever handles them need not know who has called.
"""

import random
import ssl
import uuid
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from botocore.exceptions import ChecksumError, ClientError, HTTPClientError, NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies
from pydantic_core import from_json, to_json
from yarl import URL

from penstock.adapters.aws_faults import code_of, is_worth_another_try
from penstock.adapters.aws_metering import count_consumed, count_refused
from penstock.adapters.sigv4 import Scope, signed
from penstock.io.retry import backoff
from penstock.ports.clock import Clock

ATTEMPTS = 4  #: as botocore's standard mode is told to make in `aws_clients`
CONTENT_TYPE = "application/x-amz-json-1.0"
VERSION = "DynamoDB_20120810"
KEPT_ALIVE = 12  #: seconds that a connection is kept without a call, as aiobotocore does it


@dataclass(frozen=True, slots=True)
class DynamoDb:
    """The operations that the adapters call, named and answering as botocore's are.

    Each raises ClientError where DynamoDB refuses the call, and a BotoCoreError where it could not be reached or did
    not answer in order, both after `ATTEMPTS` if another try might have helped.
    """

    http: aiohttp.ClientSession
    endpoint: URL
    scope: Scope
    credentials: Any  #: aiobotocore's, which renews them; None where there are none
    clock: Clock
    proxy: str | None = None
    rng: random.Random = field(default_factory=random.Random)

    async def batch_execute_statement(self, **request: Any) -> dict[str, Any]:
        """BatchExecuteStatement."""
        return await self._call("BatchExecuteStatement", request)

    async def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """BatchGetItem."""
        return await self._call("BatchGetItem", request)

    async def delete_item(self, **request: Any) -> dict[str, Any]:
        """DeleteItem."""
        return await self._call("DeleteItem", request)

    async def describe_table(self, **request: Any) -> dict[str, Any]:
        """DescribeTable."""
        return await self._call("DescribeTable", request, metered=False)

    async def get_item(self, **request: Any) -> dict[str, Any]:
        """GetItem."""
        return await self._call("GetItem", request)

    async def put_item(self, **request: Any) -> dict[str, Any]:
        """PutItem."""
        return await self._call("PutItem", request)

    async def query(self, **request: Any) -> dict[str, Any]:
        """Query."""
        return await self._call("Query", request)

    async def scan(self, **request: Any) -> dict[str, Any]:
        """Scan."""
        return await self._call("Scan", request)

    async def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """TransactWriteItems. Its token makes the tries of one call the same transaction: one that was done, and whose
        answer was lost, is not refused by its own conditions."""
        return await self._call("TransactWriteItems", {"ClientRequestToken": str(uuid.uuid4()), **request})

    async def update_item(self, **request: Any) -> dict[str, Any]:
        """UpdateItem."""
        return await self._call("UpdateItem", request)

    async def _call(self, operation: str, request: dict[str, Any], *, metered: bool = True) -> dict[str, Any]:
        body = to_json({**request, "ReturnConsumedCapacity": "TOTAL"} if metered else request)
        try:
            answer = await self._answer(operation, body)
        except ClientError as error:
            count_refused(code_of(error), request)
            raise
        count_consumed(operation, answer)
        return answer

    async def _answer(self, operation: str, body: bytes) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._try(operation, body)
            except (ClientError, HTTPClientError, ChecksumError) as error:
                if isinstance(error, ClientError) and not is_worth_another_try(error):
                    raise
            await self.clock.sleep(backoff(attempt, self.rng) / 2)
        return await self._try(operation, body)

    async def _try(self, operation: str, body: bytes) -> dict[str, Any]:
        if self.credentials is None:
            raise NoCredentialsError
        credentials = await self.credentials.get_frozen_credentials()
        headers = {
            "content-type": CONTENT_TYPE,
            "host": self.endpoint.host_port_subcomponent or "",
            "x-amz-target": f"{VERSION}.{operation}",
        }
        headers = signed(self.scope, credentials, headers, body, self.clock.now())
        try:
            async with self.http.post(
                self.endpoint, data=body, headers=headers, proxy=self.proxy, allow_redirects=False
            ) as answer:
                said = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise HTTPClientError(error=type(error).__name__) from error
        expected, actual = answer.headers.get("x-amz-crc32"), str(zlib.crc32(said))
        if expected and expected != actual:
            raise ChecksumError(checksum_type="crc32", expected_checksum=expected, actual_checksum=actual)
        if answer.status != 200:
            raise _refusal(operation, answer, said)
        try:
            return from_json(said)
        except ValueError as error:
            raise HTTPClientError(error="the answer is no JSON") from error


def _refusal(operation: str, answer: aiohttp.ClientResponse, said: bytes) -> ClientError:
    """What botocore makes of an answer that is an error. One that is not from DynamoDB, as a proxy's, has its status
    for a code."""
    told: dict[str, Any] = {}
    with suppress(ValueError, TypeError):
        told = dict(from_json(said))
    code = str(told.pop("__type", answer.status)).rpartition("#")[2]
    message = told.pop("message", None) or told.pop("Message", "")
    response: Any = {
        **told,
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": answer.status, "RequestId": answer.headers.get("x-amzn-RequestId", "")},
    }
    return ClientError(response, operation)


@asynccontextmanager
async def dynamodb_like(client: Any, session: Any, clock: Clock) -> AsyncGenerator[DynamoDb]:
    """One that calls where `client` would, botocore's of DynamoDB, with its limits; `session` is whose it is."""
    meta, endpoint = client.meta, URL(client.meta.endpoint_url)
    timeout = aiohttp.ClientTimeout(sock_connect=meta.config.connect_timeout, sock_read=meta.config.read_timeout)
    connector = aiohttp.TCPConnector(
        limit=meta.config.max_pool_connections,
        keepalive_timeout=KEPT_ALIVE,
        ssl=_trusting(session.get_config_variable("ca_bundle")) if endpoint.scheme == "https" else False,
    )
    # The checksum is of the answer as it is sent.
    always = {"User-Agent": "penstock", "Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=always) as http:
        yield DynamoDb(
            http,
            endpoint,
            Scope(meta.region_name, "dynamodb"),
            await session.get_credentials(),
            clock,
            get_environ_proxies(meta.endpoint_url).get(endpoint.scheme),
        )


def _trusting(bundle: str | None) -> ssl.SSLContext:
    """Trusts whom botocore trusts, by their own names."""
    context = ssl.create_default_context(cafile=bundle or get_cert_path(True))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # which authorities of companies often fail, and botocore asks not
    return context
