"""Amazon Textract on loopback: its jobs give what was recorded, over the protocol that it speaks (AWS JSON 1.1). What
is asked and what is answered is held against botocore's own model of the service."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import botocore.session
from botocore.validate import validate_parameters

from penstock_documents.document import Document
from penstock_documents.words import Word
from penstock_testing.recognition import Responses, block, responses

MODEL: Any = botocore.session.get_session().get_service_model("textract")


def recorded_of(paper: bytes) -> Responses:
    """What Textract says of a scan of a PDF of one page that it reads right: the page's own words, at their places."""
    page = Document(paper).read(1).page
    words = [_word(word, page.width, page.height, at) for at, word in enumerate(page.words)]
    return [{**responses([])[0], "Blocks": [block("PAGE", 1), *words]}]


def _word(word: Word, width: float, height: float, at: int) -> dict[str, Any]:
    left, top, right, bottom = word.box
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    polygon = [{"X": x / width, "Y": y / height} for x, y in corners]
    return block("WORD", 1, word.text, at) | {"Geometry": {"Polygon": polygon}}


class Refusal(Exception):
    """An answer with an error's code."""


@dataclass(slots=True)
class TextractServer:
    """What Textract knows. `recorded` are the responses of a document, or the code of why none is taken, by its key;
    `asked` are all calls, in order."""

    recorded: dict[str, Responses | str] = field(default_factory=dict[str, Responses | str])
    jobs: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    ended: set[str] = field(default_factory=set[str])
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    endpoint: str = ""

    def answer(self, operation: str, request: dict[str, Any]) -> Mapping[str, Any]:
        """What a call is answered.

        Raises:
            Refusal: its code.
        """
        self.asked.append((operation, request))
        if operation == "StartDocumentTextDetection":
            return {"JobId": self._start(request)}
        return self._get(request["JobId"], request.get("NextToken"))

    def _start(self, request: Mapping[str, Any]) -> str:
        job = f"job-{request['ClientRequestToken']}"
        if self.jobs.get(job, request) != request:
            raise Refusal("IdempotentParameterMismatchException")
        recorded = self.recorded[request["DocumentLocation"]["S3Object"]["Name"]]
        if isinstance(recorded, str):
            raise Refusal(recorded)
        self.jobs[job] = request
        return job

    def _get(self, job: str, token: str | None) -> Mapping[str, Any]:
        if job not in self.jobs:
            raise Refusal("InvalidJobIdException")
        if job not in self.ended:
            return {"JobStatus": "IN_PROGRESS"}
        recorded = self.recorded[self.jobs[job]["DocumentLocation"]["S3Object"]["Name"]]
        assert not isinstance(recorded, str)
        before = [None, *(one.get("NextToken") for one in recorded)]
        if token not in before[: len(recorded)]:
            raise Refusal("InvalidParameterException")
        return recorded[before.index(token)]


@contextmanager
def textract_server() -> Generator[TextractServer]:
    """Serves one on a port of loopback."""
    textract = TextractServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].removeprefix("Textract.")
            model = MODEL.operation_model(operation)
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                assert self.headers["Content-Type"] == "application/x-amz-json-1.1"
                validate_parameters(request, model.input_shape)
                answer, status = textract.answer(operation, request), 200
                validate_parameters(answer, model.output_shape)
            except Refusal as refusal:
                answer, status = {"__type": str(refusal), "message": "as it was asked to"}, 400
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing on the screen."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        textract.endpoint = f"http://127.0.0.1:{server.server_port}"
        yield textract
        server.shutdown()
        thread.join()
