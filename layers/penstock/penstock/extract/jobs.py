"""Pages that an engine elsewhere reads: a range of them is a job, about pictures of those with no text to believe.

    pages message ─► pictures ─► noted ─► begun        notice ─► asked for its answer ─► the range is read with that

A job is noted, as an object beside what is read of its range, before it begins, and begins under its range's id: to
begin it twice is to begin it once. Whoever comes to the range later, by a notice, by a message that came twice, or
because its file stood still and was sent again, finds the note and asks the job. So a notice that is lost costs time
only, and one that comes twice or too early costs a question.
"""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict

from penstock.extract.ranges import Range
from penstock.io import metering
from penstock.model.errors import JobGone, NotTaken, Throttled
from penstock.model.ids import pages_key, range_id
from penstock.model.messages import PagesMessage
from penstock.model.textract import Answer, RecognisedPage
from penstock.model.usage import Usage
from penstock.ports.object_store import ObjectStore
from penstock.ports.pages import OpenDocument
from penstock.ports.recognition import Recognition


class Job(BaseModel):
    """A job of a range: the `message` that asks for it, the document's `pages` that are in the pictures, in order, and
    the job's `id` once it has begun. `lost` counts earlier jobs of the range that nobody knows any more, and `used` is
    what it took to begin it."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    message: PagesMessage
    pages: tuple[int, ...]
    id: str = ""
    lost: int = 0
    used: str = ""

    @property
    def tag(self) -> str:
        """The range's id."""
        return _id_of(self.message)

    @classmethod
    async def kept(cls, store: ObjectStore, file_id: str, one: Range) -> Self | None:
        """As it was noted; None if it was not."""
        body = await store.get(_key(file_id, range_id(file_id, one.first, one.last), "job.json"))
        return None if body is None else cls.model_validate_json(body)

    async def keep(self, store: ObjectStore) -> None:
        """Notes it."""
        key = _key(self.message.file.file_id, self.tag, "job.json")
        await store.put(key, self.model_dump_json().encode(), "application/json")


def _id_of(message: PagesMessage) -> str:
    return range_id(message.file.file_id, message.first, message.last)


def _key(file_id: str, tag: str, ending: str) -> str:
    return pages_key(file_id, f"{tag.removeprefix(f'{file_id}-')}.{ending}")


async def make_pictures(store: ObjectStore, document: OpenDocument, message: PagesMessage, seconds: float) -> Job:
    """Notes the job of a range, whose pictures are there by then; it has no pages where none needs it.

    Raises:
        Transient: it took longer than so many seconds.
    """
    pictures = await document.pictures(message.first, message.last, seconds)
    job = Job(message=message, pages=pictures.pages)
    if job.pages:
        await store.put(_key(message.file.file_id, job.tag, "pdf"), pictures.pdf, "application/pdf")
    await job.keep(store)
    return job


async def ask(store: ObjectStore, engine: Recognition, job: Job) -> Mapping[int, RecognisedPage] | None:
    """The pages of a job as they were read, by their numbers in the document; None while it is under way, which begins
    it if nobody has.

    Raises:
        Throttled: the engine has enough to do.
        Transient: something broke.
    """
    if not job.pages:
        return {}
    try:
        answer = await _answer(store, engine, job)
    except NotTaken as error:
        answer = Answer(failed=str(error))
    return answer and {number: answer.page(at) for at, number in enumerate(job.pages, 1)}


async def _answer(store: ObjectStore, engine: Recognition, job: Job) -> Answer | None:
    if not job.id:
        token = f"{job.tag}-{job.lost}" if job.lost else job.tag
        key = _key(job.message.file.file_id, job.tag, "pdf")
        began = await engine.begin(key, job.tag, token)
        metering.count(textract_pages=len(job.pages))
        used = metering.tell(Usage(s3_puts=1))
        job = job.model_copy(update={"id": began, "used": used.packed()})
        await job.keep(store)
    try:
        return await engine.answer(job.id)
    except JobGone:
        job = job.model_copy(update={"id": "", "lost": job.lost + 1})
        await job.keep(store)
        raise Throttled("the job's answer is gone; it begins anew") from None
