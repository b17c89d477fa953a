"""What lies on the intake queue: S3's word that files were dropped (R2, R3), and a splitter's that a file goes on."""

from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penstock.model.errors import MalformedMessage
from penstock.model.messages import SourceFile, SplitMessage, read_message


class _Object(BaseModel, defer_build=True):
    key: str
    size: int = 0
    etag: str = Field(default="", alias="eTag")
    version_id: str = Field(default="null", alias="versionId")
    sequencer: str = ""


class _Bucket(BaseModel, defer_build=True):
    name: str


class _S3(BaseModel, defer_build=True):
    bucket: _Bucket
    object: _Object


class _Record(BaseModel, defer_build=True):
    event_name: str = Field(alias="eventName")
    s3: _S3


class _Notification(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True, defer_build=True)

    records: list[_Record] = Field(alias="Records")


class _TestEvent(BaseModel, defer_build=True):
    event: str = Field(alias="Event", pattern="^s3:TestEvent$")


class _Typed(BaseModel, defer_build=True):
    type: str


def read_intake(body: str) -> list[SplitMessage]:
    """What a message on the intake queue asks for: a file from its beginning for every object that S3 tells of, or the
    rest of one.

    Raises:
        MalformedMessage: it is neither an S3 notification of created objects nor a message of a known version.
    """
    if _is_ours(body):
        return [read_message(body, SplitMessage)]
    return [SplitMessage(file=file) for file in read_notification(body)]


def read_notification(body: str) -> list[SourceFile]:
    """The files a notification tells of; none for S3's test event, which it sends when notifications are set up.

    Keys come URL-encoded with + for a space, and are decoded here, once.

    Raises:
        MalformedMessage: it is no S3 notification of created objects.
    """
    try:
        notification = _Notification.model_validate_json(body)
    except ValidationError as error:
        if _is_test(body):
            return []
        raise MalformedMessage(f"not an S3 notification ({error.error_count()} faults)") from None
    for record in notification.records:
        if not record.event_name.removeprefix("s3:").startswith("ObjectCreated:"):
            raise MalformedMessage(f"an S3 event of another kind: {record.event_name[:64]}")
    return [_file(record.s3) for record in notification.records]


def _is_test(body: str) -> bool:
    return _is(_TestEvent, body)


def _is_ours(body: str) -> bool:
    return _is(_Typed, body)


def _is(model: type[BaseModel], body: str) -> bool:
    try:
        model.model_validate_json(body)
    except ValidationError:
        return False
    return True


def _file(s3: _S3) -> SourceFile:
    key = unquote_plus(s3.object.key)
    return SourceFile(
        feed=key.split("/", 1)[0] if "/" in key else "",
        bucket=s3.bucket.name,
        key=key,
        version_id=s3.object.version_id,
        etag=s3.object.etag.strip('"'),
        size=s3.object.size,
        sequencer=s3.object.sequencer,
    )
