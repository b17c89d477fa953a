"""What Amazon Textract says of its jobs, in its own form: that one has ended, and what it has read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

LONGEST_REASON = 200  #: characters of a reason of Textract's that are told


class JobNotice(BaseModel):
    """That a job has ended, as SNS hands it on raw (Textract Developer Guide, "Results Notification"). Only whose job
    it was counts: how it ended is asked of Textract itself. The tag is a range's id (see `ids.range_id`)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True)

    job: str = Field(alias="JobId")
    tag: str = Field(alias="JobTag", pattern=r"^[0-9a-f]{20}-[0-9]{5}-[0-9]{5}$")

    @property
    def file_id(self) -> str:
        """The file that the pages are of."""
        return self.tag[:20]

    @property
    def pages(self) -> tuple[int, int]:
        """The first page of the range, and the last."""
        return int(self.tag[21:26]), int(self.tag[27:])


class RecognisedWord(NamedTuple):
    """A word, how sure its reader is of it, from 0 to 1, and its corners as shares of the page's width and height: with
    the clock, from where its first letter begins above."""

    text: str
    confidence: float
    corners: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class RecognisedPage:
    """A page as another engine read it; `failed` says why it did not."""

    words: Sequence[RecognisedWord] = ()
    failed: str = ""
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job gave: its pages, counted from 1; those that are not there it says nothing of, for the reason that
    `failed` has, where the job as a whole did."""

    pages: Mapping[int, RecognisedPage] = field(default_factory=dict[int, RecognisedPage])
    failed: str = ""

    def page(self, number: int) -> RecognisedPage:
        """One of its pages, whatever became of it."""
        return self.pages.get(number) or RecognisedPage(failed=self.failed or "Amazon Textract says nothing of it")


def answer_of(responses: Sequence[Mapping[str, Any]]) -> Answer | None:
    """What all responses about a job say together (GetDocumentTextDetection, in their order); None while it is under
    way."""
    status = responses[0]["JobStatus"]
    if status == "IN_PROGRESS":
        return None
    if status not in ("SUCCEEDED", "PARTIAL_SUCCESS"):
        reason = str(responses[0].get("StatusMessage") or "it does not say why")[:LONGEST_REASON]
        return Answer(failed=f"Amazon Textract could not read it ({status}: {reason})")
    left_out = dict(_left_out(responses))
    if status == "PARTIAL_SUCCESS" and not left_out:
        # Something is missing, and nobody says where.
        return Answer(failed="Amazon Textract could read only a part of its pages, and does not say which")
    engine = f"textract {responses[0].get('DetectDocumentTextModelVersion', '')}".strip()
    words: dict[int, list[RecognisedWord]] = {}
    for block in (block for response in responses for block in response.get("Blocks", ())):
        # A document of one page may leave its number out.
        on_page = words.setdefault(block.get("Page", 1), [])
        if block["BlockType"] == "WORD":
            corners = [(point["X"], point["Y"]) for point in block["Geometry"]["Polygon"]]
            on_page.append(RecognisedWord(block["Text"], block["Confidence"] / 100, corners))
    read = {number: RecognisedPage(on_page, engine=engine) for number, on_page in words.items()}
    return Answer(read | {number: RecognisedPage(failed=reason) for number, reason in left_out.items()})


def _left_out(responses: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """(a page that it could not read, why)."""
    for warning in (one for response in responses for one in response.get("Warnings", ())):
        code = str(warning.get("ErrorCode") or "it does not say why")[:LONGEST_REASON]
        for number in warning.get("Pages", ()):
            yield number, f"Amazon Textract could not read it (PARTIAL_SUCCESS: {code})"
