"""A server that answers every call as DynamoDB answers 25 new claims, for `tests.bench.claims`. Prints its port.

python -m tests.bench.claims_server CERTIFICATE KEY
"""

import asyncio
import json
import ssl
import sys
import zlib

STATEMENTS = 25
BODY = json.dumps({"Responses": [{"TableName": "Claims"}] * STATEMENTS}).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nConnection: keep-alive\r\n"
    b"x-amzn-RequestId: %s\r\nContent-Length: %d\r\nx-amz-crc32: %d\r\n\r\n%s"
    % (b"R" * 52, len(BODY), zlib.crc32(BODY), BODY)
)


class Answering(asyncio.Protocol):
    """Reads requests by their lengths."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while b"\r\n\r\n" in self._unread:
            head = bytes(self._unread.partition(b"\r\n\r\n")[0]).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            whole = len(head) + 4 + length
            if len(self._unread) < whole:
                return
            del self._unread[:whole]
            self._transport.write(ANSWER)


async def main(certificate: str, key: str) -> None:
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(certificate, key)
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, ssl=shown)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
