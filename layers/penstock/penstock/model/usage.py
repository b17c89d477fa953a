"""What work has taken of AWS, in the quantities that AWS charges for."""

from dataclasses import astuple, dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Usage:
    """Quantities, each as AWS's price lists count it: calls and GB-seconds of Lambda, DynamoDB's request units,
    requests to SQS and S3 (those that list are priced as puts; deletions cost nothing), events put, pages that Textract
    reads, and GB-months of what is stored until it expires.

    A row has them in this order, so a new one is added at the end.
    """

    lambda_calls: float = 0.0
    lambda_gb_seconds: float = 0.0
    dynamodb_writes: float = 0.0
    dynamodb_reads: float = 0.0
    sqs_requests: float = 0.0
    s3_puts: float = 0.0
    s3_gets: float = 0.0
    events: float = 0.0
    textract_pages: float = 0.0
    s3_gb_months: float = 0.0
    dynamodb_gb_months: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*(one - two for one, two in zip(astuple(self), astuple(other), strict=True)))

    def packed(self) -> str:
        """As a row has it; ten digits of each are more than its price has.

        >>> Usage(lambda_calls=2, dynamodb_writes=1150.5).packed()
        '2,0,1150.5,0,0,0,0,0,0,0,0'
        """
        return ",".join(f"{number:.10g}" for number in astuple(self))

    @classmethod
    def unpacked(cls, text: str) -> Self:
        """What a row has; quantities that only a newer release counts are left out.

        >>> Usage.unpacked("2,0,1150.5").dynamodb_writes
        1150.5
        """
        return cls(*map(float, text.split(",")[: len(fields(cls))]))


NOTHING = Usage()
