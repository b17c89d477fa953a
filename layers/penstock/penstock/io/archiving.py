"""The archive: what was judged, rejected, buried and done, kept where nothing can be overwritten or taken away.

    chunks/<file>/<chunk>/digests-….txt               SHA-256 of every record of the chunk, as it came
    chunks/<file>/<chunk>/fields-….ndjson             SHA-256 of every field of its accepted records, if the feed asks
    chunks/<file>/<chunk>/outcomes-<fence>-….ndjson   how its records ended that were not simply delivered
    chunks/<file>/<chunk>/rejects-<fence>-….csv       its rejects, with their original bytes
    chunks/<file>/<chunk>/dead-letter-….json          the message that gave up
    reports/<file>/summary-….json                     each account of the file
    audit/<date>/<time>-<what>-….json                 what an operator or a circuit did

Of several ends of a chunk the one with the highest fence is what came of it.

Every name ends in the digest of what it names: the same thing written twice is there once, another thing has another
name, and no reader has to ask which of two came first. Of a file's work only the feeds' that say so are kept; the audit
is kept of all.
"""

import hashlib

from penstock.feeds import FEEDS
from penstock.ports.object_store import Archive

DIGEST = 32  #: hexadecimal digits of SHA-256 in a name (128 bits)


async def archive(to: Archive, feed: str, key: str, body: bytes, content_type: str) -> None:
    """Keeps what a file's work has left behind, if its feed is one whose work must be kept.

    Raises:
        Transient: it is not known to be kept; doing it again is harmless.
    """
    if is_archived(feed):
        await to.put_once(named_after(key, body), body, content_type)


def is_archived(feed: str) -> bool:
    """Whether the feed is one whose work must be kept."""
    return feed in FEEDS and FEEDS[feed].archived


def named_after(key: str, body: bytes) -> str:
    """The key with the digest of what it names before its extension.

    >>> named_after("reports/4c9e/summary.json", b"{}")
    'reports/4c9e/summary-44136fa355b3678a1146ad16f7e8649e.json'
    """
    stem, _, extension = key.rpartition(".")
    return f"{stem}-{hashlib.sha256(body).hexdigest()[:DIGEST]}.{extension}"
