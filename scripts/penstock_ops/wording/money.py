"""How money is told to people, and what it was paid for."""

from math import floor, log10

PAID_FOR = {
    "lambda_calls": "calls of Lambda",
    "lambda_gb_seconds": "GB-seconds of Lambda",
    "dynamodb_writes": "write units of DynamoDB",
    "dynamodb_reads": "read units of DynamoDB",
    "dynamodb_gb_months": "GB-months in DynamoDB",
    "sqs_requests": "requests to SQS",
    "s3_puts": "puts and lists to S3",
    "s3_gets": "gets from S3",
    "s3_gb_months": "GB-months in S3",
    "events": "events",
    "textract_pages": "pages read by Textract",
}
"""The quantities of `Usage`, as a table names them."""


def dollars(amount: float) -> str:
    """Two digits of a part of a cent, as a file may cost; cents where there are some.

    >>> dollars(0.0001234), dollars(0.05), dollars(12.345), dollars(0)
    ('$0.00012', '$0.05', '$12.35', '$0.00')
    """
    if not amount or abs(amount) >= 0.01:
        return f"${amount:,.2f}"
    return f"${amount:.{1 - floor(log10(abs(amount)))}f}"


def quantity(number: float) -> str:
    """A number of what is paid for: whole where it is, else four digits.

    >>> quantity(1150.0), quantity(0.00072383)
    ('1,150', '0.0007238')
    """
    return f"{number:,.0f}" if number == int(number) else f"{number:,.4g}"
