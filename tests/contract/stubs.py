"""AWS clients that answer what they are told to, for what no emulator does: throttling, conflicts, half an answer."""

from typing import Any

from botocore.exceptions import ClientError


class Scripted:
    """A client each of whose calls takes the next answer of that call's script: a value, or an error to raise."""

    def __init__(self, **scripts: list[Any]) -> None:
        self._scripts = scripts
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        async def call(**request: Any) -> Any:
            self.calls.append((operation, request))
            answer = self._scripts[operation].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def refusal(code: str, status: int = 400, **more: Any) -> ClientError:
    """An error as boto raises it."""
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}} | more
    return ClientError(response, "Operation")
