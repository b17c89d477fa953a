"""The port of an engine elsewhere that reads pictures of pages, in its own time."""

from typing import Protocol

from penstock.model.textract import Answer


class Recognition(Protocol):
    """Reads pictures by jobs."""

    async def begin(self, key: str, tag: str, token: str) -> str:
        """Begins a job about the PDF under a key in the work bucket; its id. With the same token it is the same job.
        When it has ended, a notice with the tag comes to the extractor's queue.

        Raises:
            NotTaken: it takes no such document.
            Throttled: it has enough to do.
            Transient: something broke.
        """
        ...

    async def answer(self, job: str) -> Answer | None:
        """What a job gave; None while it is under way.

        Raises:
            JobGone: nobody knows it any more.
            Throttled: it has enough to do.
            Transient: something broke.
        """
        ...
