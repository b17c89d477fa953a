"""A file's reports to take away: always as attachments, so that no browser shows what a sender wrote."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from penstock.model import ids
from penstock.model.rows import FileRow
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.operations import Records
from penstock_ops.web.desk import desk_of

NAMES = {
    "summary.json": "the report",
    "rejects.csv": "rejects, to mend and drop again",
    "rejects.xlsx": "rejects as a workbook",
    "rejects.ndjson": "rejects as JSON",
    "rejects.edi": "rejects as EDI",
    "rejects.xml": "rejects as XML",
    "exceptions.ndjson": "exceptions, with their figures",
}
WITHOUT_CONTENT = ("summary.json",)


async def offered(records: Records, row: FileRow) -> dict[str, str]:
    """The reports that a file has, and what each is."""
    file_id = row.file.file_id
    return {name: what for name, what in NAMES.items() if await records.store.has(ids.report_key(file_id, name))}


async def download(request: Request) -> Response:
    """One report. What holds records needs the right to see them, and is audited."""
    desk, name = desk_of(request), request.path_params["name"]
    row = await desk.records.row(request.path_params["file_id"])
    file_id = row.file.file_id
    body = await desk.records.store.get(ids.report_key(file_id, name)) if name in NAMES else None
    if body is None:
        raise NotFound(f"file {file_id} has no {name}")
    if name not in WITHOUT_CONTENT:
        desk.ensure_content()
        await desk.note_content_shown(file_id=file_id, download=name)
    return attachment(f"{file_id}.{name}", body)


def attachment(name: str, body: bytes) -> Response:
    """Bytes as a file to be saved, which no browser runs or shows."""
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(body, media_type="application/octet-stream", headers=headers)
