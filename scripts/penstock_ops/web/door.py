"""The door: the link's token for the cookie of a session."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from penstock_ops.web.session import Session


async def enter(request: Request) -> Response:
    """Gives the cookie to who has the link's token. The guard has seen that a page of ours asks."""
    session: Session = request.app.state.gate
    async with request.form(max_files=0, max_fields=1) as form:
        token = form.get("token", "")
    if not isinstance(token, str) or not session.opens(token.strip().rpartition("#")[2]):
        return PlainTextResponse("this is not the link that `penstock console` has printed\n", 403)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(session.cookie_name, session.cookie, httponly=True, samesite="strict", path="/")
    return answer
