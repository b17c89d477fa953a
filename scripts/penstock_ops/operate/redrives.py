"""Redrive: what lies in a DLQ goes back to the queue it came from, after its cause was mended.

Every message may safely be done again, so a redrive decides nothing; it only costs time while the cause is still there.
AWS moves a whole DLQ by itself, and is told how far it has come. What it cannot do, some letters only, or where the
service does not know that task, is done here, letter by letter.
"""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of
from penstock.io.auditing import audit
from penstock.model.errors import PenstockError
from penstock_ops.operate.dead_letters import PER_CALL, DeadLetters, Letter, subjects_of
from penstock_ops.operate.stack_ports import StackPorts

LOOKED_AT = 1000  #: letters at most, to learn which feeds a redrive concerns
INTERVAL = 1.0  #: seconds between two looks at how far AWS has come

_NOT_KNOWN = ("InvalidAction", "UnknownOperationException")  #: what a service says to a task it does not have

type Advance = Callable[[int, int | None], None]
"""(letters moved so far, of how many if that is known)."""


class MoveFailed(PenstockError):
    """Raised when AWS gave up a task."""


@dataclass(slots=True)
class Plan:
    """What a redrive of one DLQ would move. `feeds` are those it concerns, `unreadable` the letters that would stay."""

    queue: DeadLetters
    letters: int
    unreadable: int
    feeds: frozenset[str]


@dataclass(slots=True)
class Moved:
    """What became of it. `left` are letters that nobody can send back: unreadable, or of a feed that is no more."""

    letters: int = 0
    left: int = 0


async def plan(queue: DeadLetters, feeds: frozenset[str], limit: int | None) -> Plan:
    """What there is to move, at most `limit` letters. `feeds` are the stack's."""
    most = min(limit or LOOKED_AT, LOOKED_AT)
    (seen, unseen), letters = await queue.count(), await queue.look(most)
    subjects = [subjects_of(letter) for letter in letters]
    there = max(seen + unseen, len(letters))
    # Nobody knows what the letters that were not looked at are about.
    concerned = feeds if there > len(letters) else {one.feed for several in subjects for one in several or ()}
    return Plan(queue, min(there, limit or there), sum(one is None for one in subjects), feeds & concerned)


def described(plan: Plan, moved: Moved | None) -> dict[str, Any]:
    """A redrive of one DLQ for people and machines, before or after it."""
    return {
        "queue": plan.queue.name,
        "letters": plan.letters,
        "feeds": sorted(plan.feeds),
        "unreadable": plan.unreadable,
        "moved": moved.letters if moved else None,
        "left": moved.left if moved else None,
    }


async def begin(ports: StackPorts, plan: Plan, limit: int | None, *, forced: bool, advance: Advance) -> Moved:
    """Moves a DLQ's letters back, at most `limit` of them; the audit has it before.

    Raises:
        MoveFailed: AWS gave it up.
    """
    if not plan.letters:
        return Moved()
    detail = {
        "by": ports.operator,
        "queue": plan.queue.name,
        "letters": plan.letters,
        "limit": limit,
        "feeds": sorted(plan.feeds),
        "forced": forced,
    }
    await audit(ports.store, "RedriveStarted", ports.clock.now(), detail)
    return await move(plan.queue, limit, advance)


async def move(queue: DeadLetters, limit: int | None, advance: Advance) -> Moved:
    """Moves without a word to anybody.

    Raises:
        MoveFailed: AWS gave it up.
    """
    if limit is None and await _begin(queue):
        return await _follow(queue, advance)
    return await _move_here(queue, limit or sys.maxsize, advance)


async def _begin(queue: DeadLetters) -> bool:
    """Has AWS move everything; False where the service does not know how."""
    try:
        await queue.sqs.start_message_move_task(SourceArn=await queue.arn())
    except ClientError as error:
        if code_of(error) in _NOT_KNOWN:
            return False
        raise
    return True


async def _follow(queue: DeadLetters, advance: Advance) -> Moved:
    arn = await queue.arn()
    while True:
        answer = await queue.sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)
        (task,) = answer["Results"]
        moved = task.get("ApproximateNumberOfMessagesMoved", 0)
        advance(moved, task.get("ApproximateNumberOfMessagesToMove"))
        match task["Status"]:
            case "COMPLETED":
                return Moved(moved)
            case "RUNNING":
                await asyncio.sleep(INTERVAL)
            case status:
                reason = task.get("FailureReason", "no reason is given")
                raise MoveFailed(f"AWS ended the move of the {queue.name} DLQ as {status.lower()}: {reason}")


async def _move_here(queue: DeadLetters, most: int, advance: Advance) -> Moved:
    done, kept = Moved(), dict[str, Letter]()
    try:
        while done.letters < most:
            received = await queue.receive(min(PER_CALL, most - done.letters))
            # What stays can be seen again after a while, and then there is nothing else.
            if all(letter.message_id in kept for letter in received):
                break
            kept |= {letter.message_id: letter for letter in received}
            for letter in received:
                source = queue.source_of(letter)
                if source:
                    await queue.send_back(letter, source)
                    del kept[letter.message_id]
                    done.letters += 1
                    advance(done.letters, None)
    finally:
        await queue.give_back(kept.values())
    done.left = len(kept)
    return done
