"""One table from AWS's error codes to ours."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from penstock.model.errors import PenstockError, Transient

_TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


def code_of(error: ClientError) -> str:
    """AWS's word for what went wrong."""
    response: Any = error.response
    return str(response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """The HTTP status of the answer, 0 where it is not known."""
    response: Any = error.response
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_transient(error: ClientError) -> bool:
    """Whether the same call may succeed later."""
    return code_of(error) in _TRANSIENT or status_of(error) >= 500


def is_worth_another_try(error: ClientError) -> bool:
    """Whether the same call may succeed in a moment. One that met a transaction is for its caller, who knows how
    likely that is."""
    return is_transient(error) and code_of(error) != "TransactionConflictException"


def cancelled_for(error: ClientError) -> list[str]:
    """Why a transaction was cancelled, by the places of its items."""
    response: Any = error.response
    return [reason.get("Code", "None") for reason in response.get("CancellationReasons", ())]


@contextmanager
def transient_faults() -> Generator[None]:
    """Turns throttling, server faults and broken connections into Transient; everything else is a defect and stays."""
    try:
        yield
    except ClientError as error:
        if is_transient(error):
            raise Transient(f"{error.operation_name}: {code_of(error)}") from error
        raise
    except (BotoCoreError, OSError, TimeoutError) as error:
        raise Transient(f"AWS could not be reached: {type(error).__name__}") from error


def insert_fault(response: Mapping[str, Any]) -> str | None:
    """Why one statement of a PartiQL batch was not done: DuplicateItem, or a word for "later"; None if it was done.

    Raises:
        PenstockError: doing it again can never help (a missing right, a wrong statement).
    """
    code: str | None = response.get("Error", {}).get("Code")
    if code in ("AccessDenied", "ResourceNotFound", "ValidationError"):
        raise PenstockError(f"DynamoDB refuses the insert: {code}")
    return code
