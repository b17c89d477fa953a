"""The twin of an engine elsewhere: its jobs replay what was recorded of Amazon Textract, response by response, and what
tells of their end."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.model.errors import JobGone, NotTaken
from penstock.model.textract import Answer, answer_of

type Responses = Sequence[Mapping[str, Any]]
"""All that GetDocumentTextDetection says of a job, in its order."""


@dataclass(slots=True)
class MemoryRecognition:
    """As `Recognition`. `record` makes the responses about a document from its key, or says why none is taken; a job is
    under way until `end` is called. `begun` counts the jobs of each tag."""

    record: Callable[[str], Responses | str]
    jobs: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    ended: dict[str, Responses] = field(default_factory=dict[str, Responses])
    begun: dict[str, int] = field(default_factory=dict[str, int])

    async def begin(self, key: str, tag: str, token: str) -> str:
        """As `Recognition.begin`."""
        job = f"job-{token}"
        if isinstance(refusal := self.record(key), str):
            raise NotTaken(refusal)
        if job not in self.jobs:
            self.jobs[job] = key, tag
            self.begun[tag] = self.begun.get(tag, 0) + 1
        return job

    async def answer(self, job: str) -> Answer | None:
        """As `Recognition.answer`."""
        if job not in self.jobs:
            raise JobGone
        return answer_of(self.ended[job]) if job in self.ended else None

    def end(self, job: str) -> str:
        """Ends a job; the notice of it, as SNS hands it on."""
        key, tag = self.jobs[job]
        responses = self.record(key)
        assert not isinstance(responses, str)
        self.ended[job] = responses
        return notice(job, tag, responses[0]["JobStatus"])

    def forget(self) -> None:
        """Seven days pass."""
        self.jobs.clear()
        self.ended.clear()


def notice(job: str, tag: str, status: str = "SUCCEEDED") -> str:
    """The notice of a job's end (Textract Developer Guide, "Results Notification")."""
    told = {"JobId": job, "Status": status, "API": "StartDocumentTextDetection", "JobTag": tag, "Timestamp": 1}
    return json.dumps(told)


def block(kind: str, page: int, text: str = "", place: int = 0, confidence: float = 99.5) -> dict[str, Any]:
    """A block of a response: a page, or a word on the `place`-th line of one."""
    left, top, right, bottom = (0.1, 0.05 + 0.02 * place, 0.9, 0.06 + 0.02 * place) if text else (0.0, 0.0, 1.0, 1.0)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    made: dict[str, Any] = {
        "BlockType": kind,
        "Page": page,
        "Id": f"{kind}-{page}-{place}",
        "Geometry": {
            "BoundingBox": {"Left": left, "Top": top, "Width": right - left, "Height": bottom - top},
            "Polygon": [{"X": x, "Y": y} for x, y in corners],
        },
    }
    return made | ({"Text": text, "Confidence": confidence, "TextType": "PRINTED"} if text else {})


def responses(*pages: Sequence[str], at_once: int = 1000, status: str = "SUCCEEDED", **more: Any) -> Responses:
    """The responses about a document with these words on its pages, so many blocks in each."""
    blocks = [
        one
        for number, texts in enumerate(pages, 1)
        for one in (
            block("PAGE", number),
            *(block("WORD", number, text, place) for place, text in enumerate(texts)),
        )
    ]
    head = {"JobStatus": status, "DocumentMetadata": {"Pages": len(pages)}, "DetectDocumentTextModelVersion": "1.0"}
    parts = [blocks[at : at + at_once] for at in range(0, len(blocks), at_once)] or [[]]
    made = [head | more | {"Blocks": part} for part in parts]
    for at, one in enumerate(made[:-1], 1):
        one["NextToken"] = f"next-{at}"
    return made
