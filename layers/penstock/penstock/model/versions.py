"""Versions of what is kept or sent, so that two releases can work on the same things while one follows the other.

Whatever outlives the code that wrote it says in `v` which version of its form a release must know to act on it. A
release that knows less leaves it alone (`NewerRelease`): a newer one has begun it, and ends it. One that knows more
reads it as it was. So `v` rises only with what an older release must not touch: what it can overlook, such as one more
attribute, is written under the same version, and readers take what they know and leave the rest. What has no `v` was
written before there were any, and is version 1. docs/versions.md has what each release reads.
"""

from penstock.model.errors import NewerRelease

FILE = 1
CHUNK = 1
BATCH = 1
CLAIM = 1
MESSAGE = 1
HISTORY = 3  #: of a document with segments behind it; 2 is one without any, 1 was a list of values without names
ACCEPTED = 2  #: 1 had no line with the columns' names
JUDGED = 3  #: all that the validator says of a chunk; 1 and 2 were its accepted records alone
LINES = 1  #: of outcomes and findings
REASONS = 2  #: of NNN.answer and found.json; 1 was what they hold, without a version


def ensure_known(what: str, version: int, known: int) -> None:
    """Lets pass what this release may act on.

    Raises:
        NewerRelease: it takes a newer one.
    """
    if version > known:
        raise NewerRelease(f"{what} was written by a newer release: its version is {version}, this one knows {known}")
