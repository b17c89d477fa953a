"""Signatures: those that AWS publishes, and those that botocore makes of the same requests."""

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from penstock.adapters.sigv4 import Scope, signed

TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRq"
    "TflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75Y"
    "U9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9K"
    "SYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
"""The session's token of the suite."""


@pytest.mark.parametrize(
    ("token", "headers", "body", "names", "signature"),
    [
        (None, {}, b"", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            None,
            {"content-type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
        (
            TOKEN,
            {},
            b"",
            "host;x-amz-date;x-amz-security-token",
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ),
    ],
    ids=["post-vanilla", "post-x-www-form-urlencoded", "post-sts-header-before"],
)
def test_requests_are_signed_as_awss_own_suite_has_them(
    token: str | None, headers: dict[str, str], body: bytes, names: str, signature: str
) -> None:
    """AWS Signature Version 4 test suite, those that post to the root."""
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()

    sent = signed(Scope("us-east-1", "service"), credentials, {"host": "example.amazonaws.com", **headers}, body, now)

    assert sent["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


@given(
    body=st.binary(max_size=200),
    secret=st.text("abcXYZ019/+", min_size=1, max_size=40),
    token=st.none() | st.text("abcXYZ019/+=", min_size=1, max_size=80),
    region=st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1"]),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 31)),  # noqa: DTZ001
)
def test_whatever_is_signed_botocore_signs_the_same(
    body: bytes, secret: str, token: str | None, region: str, now: datetime
) -> None:
    now = now.replace(tzinfo=UTC, microsecond=0)
    credentials = Credentials("AKIDEXAMPLE", secret, token)
    host = f"dynamodb.{region}.amazonaws.com"
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.GetItem"}

    ours = signed(Scope(region, "dynamodb"), credentials, {**headers, "host": host}, body, now.timestamp())

    theirs = AWSRequest("POST", f"https://{host}/", headers, body)
    with patch("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None)):
        SigV4Auth(credentials, "dynamodb", region).add_auth(theirs)
    assert {name: ours[name.lower()] for name in theirs.headers} == dict(theirs.headers)
