"""Amazon Textract behind its port. It is asked for words only: what stands where is for templates to find."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, transient_faults
from penstock.model.errors import JobGone, NotTaken, Throttled, Transient
from penstock.model.textract import Answer, answer_of

_BUSY = frozenset({"LimitExceededException", "ProvisionedThroughputExceededException", "ThrottlingException"})
"""What Textract says when it has enough of our jobs, or of our calls (API reference, both operations)."""

_NOT_TAKEN = frozenset({"BadDocumentException", "DocumentTooLargeException", "UnsupportedDocumentException"})


@dataclass(frozen=True, slots=True)
class Textract:
    """As `Recognition`. `client` gives Textract's client: few invocations need it. It reads pictures from `bucket` by
    the rights of its caller, and tells `topic` of a job's end as `role`."""

    client: Callable[[], Awaitable[Any]]
    bucket: str
    topic: str
    role: str

    async def begin(self, key: str, tag: str, token: str) -> str:
        """As `Recognition.begin`."""
        client = await self.client()
        with _named_faults():
            began = await client.start_document_text_detection(
                DocumentLocation={"S3Object": {"Bucket": self.bucket, "Name": key}},
                ClientRequestToken=token,
                JobTag=tag,
                NotificationChannel={"SNSTopicArn": self.topic, "RoleArn": self.role},
            )
        return began["JobId"]

    async def answer(self, job: str) -> Answer | None:
        """As `Recognition.answer`. An answer comes in parts, each with where the next one is."""
        client = await self.client()
        responses: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        while more or not responses:
            with _named_faults():
                responses.append(await client.get_document_text_detection(JobId=job, **more))
            more = {"NextToken": token} if (token := responses[-1].get("NextToken")) else {}
        return answer_of(responses)


@contextmanager
def _named_faults() -> Generator[None]:
    try:
        with transient_faults():
            yield
    except Transient as error:
        if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in _BUSY:
            raise Throttled(f"Amazon Textract has enough to do: {code_of(error.__cause__)}") from error
        raise
    except ClientError as error:
        if code_of(error) in _NOT_TAKEN:
            raise NotTaken(f"Amazon Textract takes no such document ({code_of(error)})") from error
        if code_of(error) == "InvalidJobIdException":
            raise JobGone("Amazon Textract does not know the job any more") from error
        raise
