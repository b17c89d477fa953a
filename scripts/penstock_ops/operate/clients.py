"""An operator's clients of AWS: those of the functions, by a session that knows profiles, roles and single sign-on."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import aioboto3
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]

from penstock.adapters.aws_clients import AwsClients, aws_clients


def operators_clients() -> AbstractAsyncContextManager[AwsClients]:
    """Opened as boto3 would open them. A function has its role, and no need of that or time for it."""
    session: Any = get_session()
    known: Any = aioboto3.Session(botocore_session=session)
    return aws_clients(session, known.client)
