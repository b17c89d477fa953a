"""The page of one record: its story, from bytes to answer; what is in it only with the right to see that."""

from starlette.requests import Request
from starlette.responses import Response

from penstock_ops.web.desk import desk_of
from penstock_ops.web.rendering import rendered

CONTENT = ("record", "identity")
"""What of a story is content."""


async def page(request: Request) -> Response:
    """A record, by its file and its ordinal."""
    desk, ordinal = desk_of(request), request.path_params["ordinal"]
    story = await desk.records.explain(request.path_params["file_id"], ordinal)
    if not desk.content:
        story = {name: part for name, part in story.items() if name not in CONTENT}
    elif any(name in story for name in CONTENT):
        await desk.note_content_shown(file_id=story["file_id"], records=str(ordinal))
    return rendered(request, "record.html", story=story)
