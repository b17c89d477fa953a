"""What a function may be told by its environment. What AWS cannot have given stops the function when it starts, not in
the middle of a file."""

from typing import Annotated

from pydantic import Field, StringConstraints

type TableName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.-]{3,255}$")]
"""Amazon DynamoDB Developer Guide, "Naming rules"."""

type BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
"""Amazon S3 User Guide, "General purpose bucket naming rules"."""

type QueueUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+/\S+$")]
"""As SQS gives it; without TLS in the local world only."""

type QueueArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[\w-]{1,80}$")]
"""Amazon SQS Developer Guide, "Queue and message identifiers"."""

type FunctionName = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:)?[a-zA-Z0-9_-]{1,64}(?::[a-zA-Z0-9_-]{1,128})?$"
    ),
]
"""A function, or an alias of it by its ARN. AWS Lambda API reference, CreateFunction and CreateAlias."""

type BusName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_./-]{1,256}$")]
"""Amazon EventBridge API reference, CreateEventBus."""

type ParameterPath = Annotated[str, StringConstraints(pattern=r"^(?:/[a-zA-Z0-9_.-]+)+$")]
"""AWS Systems Manager API reference, PutParameter: a hierarchy, as a feed's settings are found below it."""

type FeedName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
"""The first part of a drop's key."""

type RetentionDays = Annotated[int, Field(ge=45, le=3650)]
"""How long rows live after their last change: 14 days in a DLQ, 30 for a replay, one for the clock (R25)."""
