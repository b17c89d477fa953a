"""One table from AWS's error codes to ours."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from penstock.errors import Transient

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


@contextmanager
def transient_faults() -> Generator[None]:
    """Turns throttling, server faults and broken connections into Transient; everything else is a defect and stays."""
    try:
        yield
    except ClientError as error:
        response: Any = error.response
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code_of(error) in _TRANSIENT or status >= 500:
            raise Transient(f"{error.operation_name}: {code_of(error)}") from error
        raise
    except (BotoCoreError, OSError, TimeoutError) as error:
        raise Transient(f"AWS could not be reached: {type(error).__name__}") from error
