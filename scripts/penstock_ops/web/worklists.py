"""The worklists: what waits for a decision, decided in bulk: first what would be done, then, with a note, that it is.

The operations are the verbs' own, with their limits and their audit.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from penstock.model.errors import PenstockError
from penstock.model.findings import Outcome
from penstock.model.ordinals import folded
from penstock.model.rows import FileRow
from penstock_ops.operate import dead_letters, held, perhaps_again, replays, unknowns
from penstock_ops.operate.circuits import ensure_closed
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.notes import noted
from penstock_ops.operate.redrives import begin as begin_redrive
from penstock_ops.operate.redrives import plan as plan_redrive
from penstock_ops.web.desk import Desk, desk_of
from penstock_ops.web.rendering import rendered, said
from penstock_ops.web.writes import text, texts

SHOWN = 500  #: of one list
BESIDE = 50  #: pairs of records that are shown beside each other
LETTERS = 200  #: letters that are looked at in each DLQ

TABS = {"held": "Held", "again": "Perhaps again", "unknown": "Unknown", "dead": "Dead", "letters": "Dead letters"}


class NothingChosen(PenstockError):
    """Raised where nothing was chosen, or what cannot be."""


async def page(request: Request) -> Response:
    """One worklist."""
    desk, name = desk_of(request), request.path_params["name"]
    if name not in TABS:
        raise NotFound("there is no such worklist")
    listed = await {"held": _held, "again": _again, "unknown": _unknown, "dead": _dead, "letters": _letters}[name](desk)
    feed = said(request, "feed")
    chosen = [one for one in listed if feed in ("", one.get("feed", ""))]
    return rendered(
        request,
        f"worklist_{name}.html",
        tabs=TABS,
        name=name,
        listed=chosen[:SHOWN],
        left_out=max(0, len(chosen) - SHOWN),
    )


async def _held(desk: Desk) -> list[dict[str, Any]]:
    listed = await held.held_records(desk.ports.ledger, desk.ports.store)
    if not desk.content:
        return [one | {"identity": {}} for one in listed]
    if any(one["identity"] for one in listed):
        await desk.note_content_shown(worklist="held", records=f"{len(listed):,}")
    return listed


async def _again(desk: Desk) -> list[dict[str, Any]]:
    """Those that may be another again, beside it; without the right to content, only which they are."""
    ports = desk.ports
    listed = perhaps_again.among(await held.held_records(ports.ledger, ports.store))[:BESIDE]
    pairs = await perhaps_again.beside_each_other(ports.ledger, ports.store, ports.clock, listed)
    if pairs and desk.content:
        await desk.note_content_shown(worklist="again", records=f"{len(pairs):,}")
    return [one if desk.content else one | {"identity": {}, "fields": []} for one in pairs]


async def _unknown(desk: Desk) -> list[dict[str, Any]]:
    return await unknowns.unknown_batches(desk.ports.ledger, None)


async def _dead(desk: Desk) -> list[dict[str, Any]]:
    rows = [row for row in await desk.ports.ledger.files(held.LATEST) if row.counted[Outcome.DEAD]]
    return [
        {
            "file_id": row.file.file_id,
            "key": row.file.dropped.key,
            "feed": row.file.feed,
            "dead": row.counted[Outcome.DEAD],
        }
        for row in rows
    ]


async def _letters(desk: Desk) -> list[dict[str, Any]]:
    looks = (dead_letters.summary(queue, LETTERS) for queue in desk.ports.dead_letters)
    return list(await asyncio.gather(*looks))


# -- held records


async def plan_held(request: Request, form: FormData) -> Response:
    """What a release, or a refusal, of the chosen records would do; nothing is changed."""
    desk, act = desk_of(request), _act(form, "release", "refuse")
    files = [await _held_plan(desk, row, records) for row, records in await _by_file(desk, texts(form, "record"))]
    return rendered(request, "plan_held.html", act=act, files=files, chosen=texts(form, "record"))


async def _held_plan(desk: Desk, row: FileRow, records: str) -> dict[str, Any]:
    prepared = await held.prepare_release(desk.ports, row, records)
    return _named(row) | {"records": records, "count": prepared.records, "chunks": len(prepared.before)}


async def decide_held(request: Request, form: FormData) -> Response:
    """Releases or refuses the chosen records, file by file."""
    desk, act, note, by = desk_of(request), _act(form, "release", "refuse"), noted(text(form, "note")), text(form, "by")
    done: list[dict[str, Any]] = []
    for row, records in await _by_file(desk, texts(form, "record")):
        try:
            done.append(_named(row) | await _decide_held(desk, act, row, records, by, note))
        except PenstockError as error:
            done.append(_named(row) | {"records": records, "failed": str(error)})
    became = "released, to be judged anew and delivered" if act == "release" else "refused"
    return rendered(request, "done.html", done=done, what="record", became=became, back="/worklists/held")


async def _decide_held(desk: Desk, act: str, row: FileRow, records: str, by: str, note: str) -> dict[str, Any]:
    if act == "refuse":
        return await held.refuse_all(desk.ports, row, records, by=by, note=note)
    prepared = await held.prepare_release(desk.ports, row, records)
    await held.begin_release(desk.ports, prepared, by=by, note=note)
    return {"records": records, "count": prepared.records}


async def _by_file(desk: Desk, traces: Iterable[str]) -> list[tuple[FileRow, str]]:
    """The chosen records, "file_id:ordinal", by their files, as "3,7-9"."""
    chosen: dict[str, list[int]] = {}
    for trace in traces:
        file_id, _, ordinal = trace.partition(":")
        if not (ordinal.isascii() and ordinal.isdigit()):
            raise NothingChosen(f"{trace} is no record")
        chosen.setdefault(file_id, []).append(int(ordinal))
    if not chosen:
        raise NothingChosen("nothing was chosen: tick what it is about")
    return [(await desk.records.row(file_id), folded(sorted(set(at)))) for file_id, at in chosen.items()]


# -- unknown batches


async def plan_unknown(request: Request, form: FormData) -> Response:
    """Which batches would be decided, and how; nothing is changed."""
    desk, act, ids = desk_of(request), _act(form, "delivered", "not delivered"), texts(form, "batch")
    listed = [one for one in await _unknown(desk) if one["batch_id"] in ids]
    if not listed:
        raise NothingChosen("nothing was chosen: tick what it is about")
    return rendered(request, "plan_unknown.html", act=act, batches=listed)


async def decide_unknown(request: Request, form: FormData) -> Response:
    """Decides each chosen batch as the destination says."""
    desk, act, note = desk_of(request), _act(form, "delivered", "not delivered"), noted(text(form, "note"))
    done: list[dict[str, Any]] = []
    for batch_id in texts(form, "batch"):
        try:
            done.append(await unknowns.decide(desk.ports, batch_id, delivered=act == "delivered", note=note))
        except PenstockError as error:
            done.append({"key": batch_id, "records": "", "failed": str(error)})
    became = "delivered" if act == "delivered" else "dead, and can be replayed"
    return rendered(request, "done.html", done=done, what="record", became=became, back="/worklists/unknown")


# -- dead records


async def plan_dead(request: Request, form: FormData) -> Response:
    """What a replay of the chosen files' dead and rejected records would do; nothing is changed."""
    desk = desk_of(request)
    files = [replays.described(one, replays.LIMIT) for one in await _prepared(desk, texts(form, "file"))]
    return rendered(request, "plan_dead.html", files=files, limit=replays.LIMIT)


async def replay_dead(request: Request, form: FormData) -> Response:
    """Replays them."""
    desk, note = desk_of(request), noted(text(form, "note"))
    done: list[dict[str, Any]] = []
    for prepared in await _prepared(desk, texts(form, "file")):
        told = _named(prepared.row) | {"records": "", "count": prepared.records}
        try:
            replays.ensure_within(prepared, replays.LIMIT)
            await replays.begin(desk.ports, prepared, note)
            done.append(told)
        except PenstockError as error:
            done.append(told | {"failed": str(error)})
    return rendered(request, "done.html", done=done, what="record", became="replayed", back="/worklists/dead")


async def _prepared(desk: Desk, ids: list[str]) -> list[replays.Prepared]:
    """The replay of each file's dead records."""
    if not ids:
        raise NothingChosen("nothing was chosen: tick what it is about")
    found: list[replays.Prepared] = []
    for file_id in ids:
        report = await desk.records.report(file_id)
        if Outcome.DEAD not in report["ranges"]:
            raise NothingChosen(f"{report['key']} has no dead records, or has not ended")
        asked = replays.Asked(report["file_id"], records=report["ranges"][Outcome.DEAD])
        found.append(await replays.prepare(desk.ports, await desk.records.row(file_id), asked))
    return found


# -- dead letters


async def plan_letters(request: Request, form: FormData) -> Response:
    """What a redrive of one DLQ would move; nothing is changed."""
    desk = desk_of(request)
    plan = await plan_redrive(_queue(desk, form), desk.ports.feeds, None)
    return rendered(request, "plan_letters.html", plan=plan)


async def redrive_letters(request: Request, form: FormData) -> Response:
    """Moves the letters of one DLQ back, if their feeds' circuits are closed."""
    desk = desk_of(request)
    plan = await plan_redrive(_queue(desk, form), desk.ports.feeds, None)
    await ensure_closed(desk.ports.throttle, plan.feeds)
    moved = await begin_redrive(desk.ports, plan, None, forced=False, advance=lambda done, of: None)
    told = {"key": f"{plan.queue.name} DLQ", "records": "", "count": moved.letters}
    return rendered(request, "done.html", done=[told], what="letter", became="moved back", back="/worklists/letters")


def _queue(desk: Desk, form: FormData) -> dead_letters.DeadLetters:
    found = next((one for one in desk.ports.dead_letters if one.name == text(form, "queue")), None)
    if found is None:
        raise NothingChosen("there is no such queue")
    return found


def _act(form: FormData, *acts: str) -> str:
    if (act := text(form, "act")) not in acts:
        raise NothingChosen(f"say one of: {', '.join(acts)}")
    return act


def _named(row: FileRow) -> dict[str, Any]:
    return {"file_id": row.file.file_id, "key": row.file.dropped.key}
