"""A request to the HTTP API → a page of the console for a team. One function looks, another decides: they are the same,
with other rights. See `penstock_ops.web.team`."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from console.settings import Settings
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.composed import ComposedFunction
from penstock.adapters.system_clock import SystemClock


async def compose(stack: AsyncExitStack) -> Any:
    """The console over AWS."""
    from penstock_ops.web.app import create_app
    from penstock_ops.web.opening import open_desk
    from penstock_ops.web.team import SignIn, Team

    settings = Settings()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    secret = await (await aws.secrets()).get_secret_value(SecretId=settings.console_secret)
    sign_in = SignIn(settings.console_authorize_url, settings.console_token_url, settings.console_client_id)
    team = Team(secret["SecretString"].encode(), sign_in, SystemClock().now, settings.console_groups_claim)
    place, outputs = settings.console_stack, settings.outputs | {"DispatchQueues": settings.dispatch_queues}
    desk = open_desk(outputs, place, place=place, content=settings.console_content, operator=place, here=False)
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="penstock-console-")))
    return create_app(await stack.enter_async_context(desk), team, folder, team.enter)


class Console(ComposedFunction[Any]):
    """A Lambda handler for requests of an HTTP API."""

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Answers one."""
        from penstock_ops.web.http_api import answered

        loop, app, telemetry = self._ready()
        with telemetry.invocation(context):
            return loop.run_until_complete(answered(app, event))


handler = Console("console", "Request", compose)
