"""Somebody's HTTP server, on loopback."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    block_on_close = False  # connections that are kept alive by who called outlive it


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Generator[str]:
    """The URL at which `handler` answers, without its log."""

    class Quiet(handler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with _Server(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
