import socket
import ssl
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from penstock_ops.world.tls import Identity, identity


def test_who_has_the_certificate_trusts_the_server(tmp_path: Path) -> None:
    made = identity(tmp_path / "world")

    assert _handshake(made, trusted=made.certificate) == "TLSv1.3"


def test_who_does_not_have_it_does_not(tmp_path: Path) -> None:
    made, another = identity(tmp_path / "one"), identity(tmp_path / "another")

    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(made, trusted=another.certificate)


def test_nobody_else_reads_the_key(tmp_path: Path) -> None:
    assert stat.S_IMODE(identity(tmp_path).key.stat().st_mode) == 0o600


def _handshake(server: Identity, trusted: Path) -> str | None:
    """The protocol that a client of 127.0.0.1 and this server agree on."""
    at_server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    at_server.load_cert_chain(server.certificate, server.key)
    one, other = socket.socketpair()

    def serve() -> None:
        # A client may turn away.
        with one, suppress(OSError):
            at_server.wrap_socket(one, server_side=True).close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with (
            other,
            ssl.create_default_context(cafile=trusted).wrap_socket(other, server_hostname="127.0.0.1") as client,
        ):
            return client.version()
    finally:
        serving.join()
