"""The contract of an engine elsewhere, on its twin and on Amazon Textract's protocol over loopback."""

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest
import pytest_asyncio

from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_textract import Textract
from penstock.model.errors import JobGone, NotTaken, Throttled, Transient
from penstock.model.ids import range_id
from penstock.ports.recognition import Recognition
from penstock_testing.recognition import MemoryRecognition, Responses, responses
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator
from tests.support.textract import TextractServer, textract_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY, TAG = "pages/4c9e4c9d6dd5e4d71ae7/00001-00010.pdf", range_id("4c9e4c9d6dd5e4d71ae7", 1, 10)
TOPIC, ROLE = "arn:aws:sns:us-east-1:000000000000:read", "arn:aws:iam::000000000000:role/textract"


class Rig:
    """An engine, and what it is told to do."""

    def __init__(self, engine: Recognition, server: TextractServer | None = None) -> None:
        self.engine, self.server = engine, server
        self.recorded: dict[str, Responses | str] = server.recorded if server else {}
        if isinstance(engine, MemoryRecognition):
            engine.record = self.recorded.__getitem__

    async def begin(self, recorded: Responses | str) -> str:
        self.recorded[KEY] = recorded
        return await self.engine.begin(KEY, TAG, TAG)

    def end(self, job: str) -> None:
        if isinstance(self.engine, MemoryRecognition):
            self.engine.end(job)
        elif self.server:
            self.server.ended.add(job)

    async def read(self, recorded: Responses) -> Any:
        job = await self.begin(recorded)
        self.end(job)
        return await self.engine.answer(job)


@pytest.fixture
def server() -> Generator[TextractServer]:
    with textract_server() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def on_loopback(server: TextractServer) -> AsyncGenerator[Textract]:
    with Emulator(server.endpoint).around():
        async with aws_clients() as aws:
            yield Textract(aws.textract, "work", TOPIC, ROLE)


@pytest.fixture(params=["memory", "textract"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "memory":
        return Rig(MemoryRecognition(lambda _: ()))
    return Rig(request.getfixturevalue("on_loopback"), request.getfixturevalue("server"))


async def test_a_job_is_under_way_until_it_has_ended(rig: Rig) -> None:
    job = await rig.begin(responses(["54.6"]))
    assert await rig.engine.answer(job) is None

    rig.end(job)
    answer = await rig.engine.answer(job)

    assert answer is not None
    assert [word.text for word in answer.page(1).words] == ["54.6"]


@pytest.mark.parametrize("at_once", [1, 2, 3, 1000])
async def test_all_parts_of_an_answer_are_fetched(rig: Rig, at_once: int) -> None:
    answer = await rig.read(responses(["Leg", "54.6"], [], ["Guy", "12.5", "kN"], at_once=at_once))

    assert [[word.text for word in answer.page(number).words] for number in (1, 2, 3)] == [
        ["Leg", "54.6"],
        [],
        ["Guy", "12.5", "kN"],
    ]
    assert [answer.page(number).failed for number in (1, 2, 3)] == ["", "", ""]


async def test_a_word_has_its_place_and_how_sure_the_engine_is(rig: Rig) -> None:
    answer = await rig.read(responses(["54.6"]))

    (word,) = answer.page(1).words
    assert word.confidence == pytest.approx(0.995)
    assert list(word.corners) == [(0.1, 0.05), (0.9, 0.05), (0.9, 0.06), (0.1, 0.06)]
    assert answer.page(1).engine == "textract 1.0"


async def test_a_job_that_is_begun_twice_is_one(rig: Rig) -> None:
    recorded = responses(["54.6"])

    assert await rig.begin(recorded) == await rig.begin(recorded)
    assert await rig.engine.begin(KEY, TAG, f"{TAG}-1") != await rig.begin(recorded), "another token, another job"


async def test_a_job_that_failed_says_why_of_each_page(rig: Rig) -> None:
    answer = await rig.read(responses(status="FAILED", StatusMessage="INTERNAL_ERROR"))

    assert (
        answer.page(1).failed == answer.page(7).failed == "Amazon Textract could not read it (FAILED: INTERNAL_ERROR)"
    )


async def test_pages_that_were_left_out_say_why(rig: Rig) -> None:
    warnings = [{"ErrorCode": "PAGE_CHARACTERS_EXCEEDED", "Pages": [2]}]
    answer = await rig.read(responses(["a"], ["b"], status="PARTIAL_SUCCESS", Warnings=warnings))

    assert [word.text for word in answer.page(1).words] == ["a"]
    assert answer.page(2).failed == "Amazon Textract could not read it (PARTIAL_SUCCESS: PAGE_CHARACTERS_EXCEEDED)"
    assert answer.page(3).failed == "Amazon Textract says nothing of it"


async def test_a_document_that_is_not_taken_is_told_as_such(rig: Rig) -> None:
    with pytest.raises(NotTaken, match="UnsupportedDocumentException"):
        await rig.begin("UnsupportedDocumentException")


async def test_a_job_that_nobody_knows_is_gone(rig: Rig) -> None:
    with pytest.raises(JobGone):
        await rig.engine.answer("job-of-another-week")


# -- what only Textract does


async def test_a_job_names_its_pictures_and_whom_to_tell(on_loopback: Textract, server: TextractServer) -> None:
    server.recorded[KEY] = responses(["54.6"])
    await on_loopback.begin(KEY, TAG, TAG)

    ((operation, asked),) = server.asked
    assert operation == "StartDocumentTextDetection"
    assert asked == {
        "DocumentLocation": {"S3Object": {"Bucket": "work", "Name": KEY}},
        "ClientRequestToken": TAG,
        "JobTag": TAG,
        "NotificationChannel": {"SNSTopicArn": TOPIC, "RoleArn": ROLE},
    }


def textract(**scripts: list[Any]) -> Textract:
    """Over a client that says what it is told to."""

    async def client() -> Scripted:
        return Scripted(**scripts)

    return Textract(client, "work", TOPIC, ROLE)


@pytest.mark.parametrize(
    "code", ["LimitExceededException", "ProvisionedThroughputExceededException", "ThrottlingException"]
)
async def test_what_is_too_much_for_now_is_asked_later(code: str) -> None:
    with pytest.raises(Throttled, match=code):
        await textract(start_document_text_detection=[refusal(code)]).begin(KEY, TAG, TAG)
    with pytest.raises(Throttled, match=code):
        await textract(get_document_text_detection=[refusal(code)]).answer("job-1")


async def test_what_breaks_is_no_wait() -> None:
    """It counts as an attempt, so that it ends somewhere."""
    with pytest.raises(Transient) as raised:
        await textract(get_document_text_detection=[refusal("InternalServerError", 500)]).answer("job-1")
    assert not isinstance(raised.value, Throttled)


async def test_a_right_that_is_missing_is_a_defect() -> None:
    with pytest.raises(Exception, match="AccessDeniedException"):
        await textract(start_document_text_detection=[refusal("AccessDeniedException")]).begin(KEY, TAG, TAG)
