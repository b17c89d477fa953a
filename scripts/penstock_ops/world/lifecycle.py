"""Bringing the local world up, taking it down, and how it is.

    up      MiniStack ─► sam build ─► sam deploy ─► mending ─► destinations ─► World
    down    the demo API and MiniStack end; with them goes everything that was in the stack
    status  what of it runs, and what does not

A world lives in a folder, `.penstock` of the checkout unless another is named; two folders are two
worlds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.feeds import FEEDS

from . import demo_destination, ministack, processes, project, sam, state, tls
from .destinations import NO_AUTH, Destinations
from .errors import CommandFailed, WorldError
from .locks import alone
from .mending import mend
from .servers import free_port
from .stack import Stack
from .state import Server, State

STACK = "penstock"
#: A developer's world is where it was yesterday, unless somebody else is there.
PORT = 4599
TO_SAVE = 60.0  #: seconds that MiniStack may take to save what is in it

#: On a few cores more workers would only wait for each other, and each takes seconds to start; of dispatchers there are
#: as many for each feed. MiniStack refuses a stack that has an alarm on a calculation.
LOCAL_PARAMETERS: Mapping[str, str] = {
    "SplitterMaximumConcurrency": "2",
    "SplitterReservedConcurrency": "2",
    "ExtractorMaximumConcurrency": "2",
    "ExtractorReservedConcurrency": "2",
    "ValidatorMaximumConcurrency": "2",
    "ValidatorReservedConcurrency": "2",
    "DispatcherMaximumConcurrency": "2",
    "DispatcherReservedConcurrency": str(2 * len(FEEDS)),
    "CalculatedAlarms": "false",
    "Notices": "true",
}


@dataclass(frozen=True, slots=True)
class World:
    """A local world that is up."""

    stack: str
    endpoint: str
    #: The stack's outputs.
    outputs: Mapping[str, str]
    #: Feed → URL that its records are posted to.
    destinations: Mapping[str, str]
    #: The demo API's base URL, if one runs.
    demo_api: str | None
    logs: Path
    #: By which the endpoint is trusted, where it speaks TLS.
    certificate: Path | None

    @property
    def environment(self) -> dict[str, str]:
        """With these variables any AWS client talks to this world."""
        return ministack.environment(self.endpoint, self.certificate)


@dataclass(frozen=True, slots=True)
class Status:
    """`world` is None when nothing was brought up, or when it is too broken to be asked."""

    world: World | None
    problems: tuple[str, ...] = ()


def up(
    destinations: Mapping[str, str] | None = None,
    *,
    home: Path = project.HOME,
    template: Path = project.TEMPLATE,
    port: int = PORT,
    parameters: Mapping[str, str] | None = None,
    demo_options: Sequence[str] = (),
    strict: bool = False,
    keeps: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> World:
    """A world with the present code in it; one that is up is brought up to date and keeps its data.

    Args:
        destinations: feed → URL; feeds not named go to a demo API.
        home: the world's folder.
        template: what to deploy.
        port: MiniStack's, if it is free; any other where it is not, or when this is 0.
        parameters: of the template, laid over `LOCAL_PARAMETERS`.
        demo_options: command line of `penstock_ops.demo_api`, when one has to be started.
        strict: enforce the functions' roles, and TLS where a policy asks for it, in a world that is new.
        keeps: a new world can be restarted with what is in it.
        say: told what is being done, a few words each time.

    Raises:
        WorldError: it could not be brought up; what came up of it stays, for a look and for `down`.
    """
    home = home.resolve()
    with alone(home):
        logs = home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        say("starting MiniStack")
        now = _with_ministack(home, port, logs, strict=strict, keeps=keeps)
        stack = _stack(now)
        say("sam build")
        with sam.built(template, logs / "sam-build.log") as built:
            say("sam deploy")
            _deploy(built, stack, {**LOCAL_PARAMETERS, **(parameters or {})}, logs)
        mend(stack)
        say("destinations")
        now = _with_destinations(now, stack, destinations or {}, demo_options, home, logs)
        return _world(now, stack, logs)


def down(home: Path = project.HOME) -> bool:
    """Ends that world and removes all but its logs; False if there was none."""
    with alone(home):
        was = state.load(home)
        if was is not None:
            for server in filter(None, (was.demo_api, was.ministack)):
                processes.stop(server.process)
            state.forget(home)
        ministack.clear(home / "ministack")
        (home / "demo-api.port").unlink(missing_ok=True)
        return was is not None


def restart(home: Path = project.HOME) -> None:
    """Ends MiniStack in order and has it come back where it was, with what was in it; only of a world that keeps it.
    The demo API is somebody else's, and goes on.

    Raises:
        WorldError: no local world is up there.
    """
    with alone(home):
        was = state.load(home)
        if was is None:
            raise WorldError("no local world is up")
        processes.stop(was.ministack.process, grace=TO_SAVE)
        log = home / "logs" / "ministack.log"
        log.rename(log.with_suffix(".before.log"))
        process = ministack.start(was.ministack.port, home / "ministack", log, keeps=True)
        state.save(home, was.model_copy(update={"ministack": Server(port=was.ministack.port, process=process)}))


def status(home: Path = project.HOME) -> Status:
    """How that world is; looking changes nothing."""
    was = state.load(home)
    if was is None:
        return Status(world=None)
    logs = home / "logs"
    if not (was.ministack.process.runs() and ministack.is_ready(was.ministack.port, was.ministack.certificate)):
        return Status(None, (f"MiniStack does not answer; its log is {logs / 'ministack.log'}",))
    stack = _stack(was)
    condition = stack.status()
    if condition is None or not condition.endswith("_COMPLETE") or "ROLLBACK" in condition:
        return Status(None, (f"stack {was.stack} is not deployed ({condition or 'there is none'})",))
    world = _world(was, stack, logs)
    if was.demo_api is not None and not was.demo_api.process.runs():
        return Status(world, (f"the demo API has ended; its log is {logs / 'demo-api.log'}",))
    return Status(world)


def current(home: Path = project.HOME) -> World:
    """The world that is up.

    Raises:
        WorldError: none is.
    """
    found = status(home)
    if found.world is None:
        reasons = found.problems or ["no local world is up"]
        raise WorldError(f"{'; '.join(reasons)}. `penstock up` brings one up.")
    return found.world


def _stack(now: State) -> Stack:
    return Stack(now.stack, now.ministack.url, now.ministack.certificate)


def _with_ministack(home: Path, port: int, logs: Path, *, strict: bool, keeps: bool) -> State:
    """The running one, or a new one in place of what is left of an old world."""
    was = state.load(home)
    if was is not None and was.ministack.process.runs():
        return was
    if was is not None and was.demo_api is not None:
        processes.stop(was.demo_api.process)
    folder = home / "ministack"
    ministack.clear(folder)
    port = free_port(port)
    identity = tls.identity(folder) if strict else None
    process = ministack.start(port, folder, logs / "ministack.log", identity, keeps=keeps)
    certificate = identity.certificate if identity else None
    now = State(stack=STACK, ministack=Server(port=port, process=process, certificate=certificate))
    state.save(home, now)
    return now


def _deploy(built: Path, stack: Stack, parameters: Mapping[str, str], logs: Path) -> None:
    try:
        sam.deploy(built, stack, parameters, logs / "sam-deploy.log")
    except CommandFailed as failed:
        # The SAM CLI's last lines are the rollback; the reason stands far above.
        reasons = stack.failures() if stack.status() is not None else []
        if not reasons:
            raise
        raise CommandFailed("sam deploy", reasons, failed.log) from failed


def _with_destinations(
    now: State,
    stack: Stack,
    urls: Mapping[str, str],
    demo_options: Sequence[str],
    home: Path,
    logs: Path,
) -> State:
    """Points each feed where it was told to, and those that nobody has ever pointed to the demo API. What was pointed
    before is left as it is, with all that somebody has set since, unless the demo API it goes to is another by now."""
    settings, was = Destinations(stack, stack.outputs()), now.demo_api
    for feed, url in urls.items():
        settings.point(feed, url, NO_AUTH)
    others = {feed: url for feed, url in settings.urls().items() if feed not in urls}
    new = [feed for feed in others if feed not in now.pointed]
    by_demo = [feed for feed in others if feed in new or (was and others[feed].startswith(f"{was.url}/"))]
    if by_demo and (was is None or not was.process.runs()):
        now = now.model_copy(update={"demo_api": demo_destination.start(demo_options, home, logs / "demo-api.log")})
    demo = now.demo_api
    to_point = by_demo if demo != was else new
    if demo and to_point:
        auth = {
            "kind": "oauth2",
            "token_url": demo_destination.token_url_of(demo),
            "secret": settings.keep_secret("demo", demo_destination.CREDENTIALS),
        }
        for feed in to_point:
            settings.point(feed, demo_destination.url_of(demo, feed), auth)
    now = now.model_copy(update={"pointed": tuple(sorted({*now.pointed, *others, *urls}))})
    state.save(home, now)
    return now


def _world(now: State, stack: Stack, logs: Path) -> World:
    outputs = stack.outputs()
    return World(
        stack=stack.name,
        endpoint=stack.endpoint,
        outputs=outputs,
        destinations=Destinations(stack, outputs).urls(),
        demo_api=now.demo_api.url if now.demo_api else None,
        logs=logs,
        certificate=stack.certificate,
    )
