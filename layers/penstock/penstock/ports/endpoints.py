"""Which URLs a destination may be called at.

    https         everywhere but where nobody's API is: link-local addresses (169.254.0.0/16, fe80::/10), among them the
                  cloud's metadata services, which give out credentials to whoever asks (CWE-918, OWASP "SSRF")
    http          this very machine only: nothing that we send, and no secret, goes over a network in clear
    private       addresses that are nobody's on the internet (IANA's special-purpose registries, RFC 6890) only where
                  the operator says so by the template's parameter

A name is judged by itself, and again by the addresses it resolves to when it is called.
"""

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address

from yarl import URL

type Address = IPv4Address | IPv6Address

_THIS_MACHINE = re.compile(r"(?:.*\.)?localhost", re.ASCII)  # RFC 6761 §6.3
_METADATA = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.azure.internal",
        "metadata.google.internal",
        "metadata.goog",
    }
)
#: Where clouds have their metadata services: AWS all that it has beside an instance, by IPv6 (credentials of EKS among
#: it), Google Cloud and Alibaba. Private addresses that are never anybody's API.
_METADATA_NETWORKS = tuple(map(ipaddress.ip_network, ("fd00:ec2::/32", "fd20:ce::254/128", "100.100.100.200/32")))
#: Parts of IPv6 that hold an IPv4 address: NAT64 (RFC 6052), and IPv4-compatible (RFC 4291 §2.5.5.1).
_NAT64, _COMPATIBLE = ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96")
#: What resolvers of C take for an IPv4 address: "127.1", "0x7f000001", "017700000001".
_LIKE_AN_ADDRESS = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?", re.ASCII)
#: A host's name (RFC 1123 §2.1, RFC 1035 §2.3.4), with the underscores that some have. Nothing escaped: who reads
#: "169%2e254" sees a name, and whoever calls it an address.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_PATH = re.compile(r"(?:/(?:[!-.0-\[\]-~][!-\[\]-~]*)?)?", re.ASCII)
LONGEST = 2000  #: characters of a URL


def ensure_endpoint(text: str, *, private: bool) -> None:
    """Nothing where this is the URL of a destination. `private` allows private addresses.

    Raises:
        ValueError: it is not; the sentence says why, without the URL, which may hold a secret.
    """
    if not text:
        raise ValueError("a URL is missing")
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > LONGEST:
        raise ValueError(f"no URL: it has blanks, control characters or more than ASCII, or is over {LONGEST:,} long")
    try:
        url = URL(text)
        host = (url.raw_host or "").removesuffix(".").lower()
    except (ValueError, IndexError):  # yarl has the latter for brackets before an @
        raise ValueError("no URL: host or port cannot be read") from None
    if url.scheme not in ("https", "http") or not host:
        raise ValueError("not a URL of https with a host")
    if url.user is not None or url.password is not None:
        raise ValueError('credentials in a URL end up in logs; name a secret in "auth"')
    address = _address_of(host)
    if address:
        ensure_address(address, private=private, this_machine=True)
    elif not _NAME.fullmatch(host) or url.port == 0:
        raise ValueError("no URL: its host is not a name of letters, digits and hyphens, or its port is 0")
    if host in _METADATA:
        raise ValueError(f"{host} is a cloud's metadata service")
    if url.scheme == "http" and not _is_this_machine(host, address):
        raise ValueError("http sends records and secrets in clear; use https (http only to this machine)")


def ensure_path(text: str) -> None:
    """Nothing where this is a path at a destination's host, or "". What browsers and clients take for another host,
    "//elsewhere" and "/\\elsewhere" (RFC 3986 §4.2, WHATWG URL), would be sent our credentials.

    Raises:
        ValueError: it is none.
    """
    if not _PATH.fullmatch(text) or len(text) > LONGEST:
        raise ValueError(f'not a path such as "/health", at the same host, at most {LONGEST:,} characters long')


def ensure_address(address: Address, *, private: bool, this_machine: bool) -> None:
    """Nothing where a destination may be at this address.

    Raises:
        ValueError: it may not; the sentence says why.
    """
    inner = _within(address)
    if inner.is_link_local or any(inner in one for one in _METADATA_NETWORKS):
        raise ValueError(f"{address} is link-local, where a cloud's metadata service is")
    if inner.is_loopback:
        if not this_machine:
            raise ValueError(f"{address} is this machine, and the host's name is not localhost")
    elif inner.is_multicast or inner.is_unspecified or inner.is_reserved:
        raise ValueError(f"{address} is nobody's address")
    elif not _is_public(inner) and not private:
        raise ValueError(f"{address} is private; the template's parameter PrivateDestinations allows such addresses")


def _is_public(address: Address) -> bool:
    """Whether it is somebody's on the internet; site-local ones (RFC 3879) are not, whatever the registry forgot."""
    return address.is_global and not (isinstance(address, IPv6Address) and address.is_site_local)


def is_this_machine(host: str) -> bool:
    """Whether a name is that of this very machine."""
    return _THIS_MACHINE.fullmatch(host.rstrip(".").lower()) is not None


def _is_this_machine(host: str, address: Address | None) -> bool:
    return _within(address).is_loopback if address else is_this_machine(host)


def _address_of(host: str) -> Address | None:
    """The address that a host is, None if it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if _LIKE_AN_ADDRESS.fullmatch(host):
            raise ValueError("an address is written as four decimal numbers, without leading zeros") from None
        return None


def _within(address: Address) -> Address:
    """The IPv4 address that one of IPv6 stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
