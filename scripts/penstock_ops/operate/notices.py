"""Who is told what in a stack, what there was to tell today, and a notice that tries a route."""

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from penstock.adapters.aws_notices import DynamoNotebook, ParameterRoutes
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.system_clock import SystemClock
from penstock.feeds import FEEDS
from penstock.io.sending import send_all
from penstock.model.errors import Misconfigured
from penstock.model.lane_names import parts_of
from penstock.model.notices import Met, NoticeMessage
from penstock.notices.words import day_of, trial
from penstock.ports.clock import Clock
from penstock.ports.notice_settings import NoticeSettings, Route
from penstock.ports.notices import Notebook, Routes
from penstock.ports.queue import Outgoing, Outlet
from penstock_ops.operate.clients import operators_clients
from penstock_ops.operate.errors import NotFound

DAY = 86_400


@dataclass(frozen=True, slots=True)
class NoticePorts:
    """What an operator of notices needs of the world; `letters` are in the notices' DLQ."""

    routes: Routes
    notebook: Notebook
    notices: Outlet
    clock: Clock
    letters: int = 0


@asynccontextmanager
async def open_notices(outputs: Mapping[str, str]) -> AsyncGenerator[NoticePorts]:
    """The ports of the stack with these outputs.

    Raises:
        NotFound: nobody is told anything there.
    """
    if "NoticeQueueUrl" not in outputs:
        raise NotFound("this stack tells nobody; deploy it with the parameter Notices=true")
    clock, private = SystemClock(), outputs["PrivateDestinations"] == "true"
    async with operators_clients() as aws:
        counted = await aws.sqs.get_queue_attributes(
            QueueUrl=outputs["NoticeDlqUrl"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        yield NoticePorts(
            routes=ParameterRoutes(aws.ssm, aws.secrets, outputs["NoticeSettings"], private=private),
            notebook=DynamoNotebook(aws.dynamodb, outputs["LedgerTable"], clock, int(outputs["RetentionDays"]) * DAY),
            notices=SqsQueue(aws.sqs, outputs["NoticeQueueUrl"]),
            clock=clock,
            letters=int(counted["Attributes"]["ApproximateNumberOfMessages"]),
        )


async def listed(ports: NoticePorts) -> dict[str, Any]:
    """The routes, what is wrong with their settings, today's causes (UTC), and how many notices no route took."""
    today = day_of(ports.clock.now())
    try:
        settings, wrong = await ports.routes.settings(), list[str]()
    except Misconfigured as error:
        settings, wrong = NoticeSettings(), [str(error)]
    for name, route in settings.routes.items():
        wrong += [f"routes.{name}.lanes: there is no feed {lane!r}" for lane in _strange(route)]
    wrong += [f"budgets: there is no feed {feed!r}" for feed in settings.budgets if feed not in FEEDS]
    return {
        "routes": [_shown(name, route) for name, route in settings.routes.items()],
        "held_hours": settings.held_hours,
        "digest_hour": settings.digest_hour,
        "budgets": settings.budgets,
        "wrong": wrong,
        "day": today,
        "causes": [_counted(met) for met in await ports.notebook.met_on(today)],
        "letters": ports.letters,
    }


async def tried(ports: NoticePorts, route: str) -> dict[str, Any]:
    """Sends a test notice to a route, by the notifier.

    Raises:
        Misconfigured: the settings are wrong.
        NotFound: there is no such route.
    """
    settings = await ports.routes.settings()
    if route not in settings.routes:
        there = ", ".join(settings.routes) or "none"
        raise NotFound(f"there is no route {route}; there are: {there}")
    notice = trial(route, ports.clock.now())
    message = Outgoing(NoticeMessage(route=route, notice=notice).model_dump_json(), "none")
    await send_all(ports.notices, [message], ports.clock, random.Random())
    return {"route": route, "kind": settings.routes[route].kind, "notice": notice.id, "title": notice.title}


def _strange(route: Route) -> list[str]:
    return [lane for lane in route.lanes if parts_of(lane)[0] not in FEEDS]


def _shown(name: str, route: Route) -> dict[str, Any]:
    return {
        "route": name,
        "kind": route.kind,
        "lanes": list(route.lanes),
        "severity": str(route.severity),
        "tells": list(route.tells),
        "secret": route.secret or None,
    }


def _counted(met: Met) -> dict[str, Any]:
    cause = met.first
    return {
        "kind": cause.kind,
        "lane": cause.lane,
        "about": cause.about,
        "severity": str(cause.weight),
        "times": met.times,
        "records": met.records,
        "first": cause.sentence,
    }
