"""The verbs `sql` and `ask`: questions to the table of outcomes."""

from datetime import datetime
from typing import Annotated, Any

import typer

from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Stack, show
from penstock_ops.console.nearest import ensure_known

Rows = Annotated[int, typer.Option("--rows", min=1, max=100_000, help="Rows that are shown at most.")]


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.command()(sql)
    app.command()(ask)


def sql(
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY", help="One SELECT. `penstock sql 'SELECT * FROM outcomes LIMIT 1'` shows the columns."
        ),
    ],
    rows: Rows = 1000,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Ask how records ended, in SQL: `outcomes` has each as it is now, `endings` as each end of its chunk left it. By
    Athena, within the bytes that the stack allows; say which `day` (of the drop, in UTC) and `feed` to scan few. What
    has just ended is there within two minutes."""
    from penstock_ops.operate import asking, operations

    show(asking.answer_of(operations.connect(stack), query, rows), as_json, screens.answered)


def _questions(begun: str) -> list[str]:
    from penstock_ops.operate.questions import QUESTIONS

    return [name for name in QUESTIONS if name.startswith(begun)]


def ask(
    name: Annotated[
        str | None, typer.Argument(help="Which; without it, those that there are.", autocompletion=_questions)
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Days that are looked back over, today among them.")] = 1,
    rows: Rows = 20,
    as_sql: Annotated[bool, typer.Option("--sql", help="Only print the question, for `penstock sql`.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Ask the table of outcomes one of the usual questions, such as what was unexpected today."""
    from penstock_ops.operate import asking, operations
    from penstock_ops.operate.questions import QUESTIONS, Asked, since

    if name is None:
        those = {one.name: one.says for one in QUESTIONS.values()}
        show(those, as_json, screens.facts)
        return
    question = QUESTIONS[ensure_known("question", name, QUESTIONS)]
    text = " ".join(question.sql(Asked(since(days, datetime.now().astimezone()), rows)).split())
    if as_sql:
        show({"sql": text}, as_json, lambda _: print(text))  # noqa: T201
        return
    answer: dict[str, Any] = {"question": question.name, **asking.answer_of(operations.connect(stack), text, rows)}
    show(answer, as_json, screens.answered)
