"""Deliberate bugs: what the simulator must find, or it proves nothing. Each is a change of a few words in one function,
made while the program runs; one whose words are no longer there does not fit any more, and says so.

    python -m tests.simulation.mutations [NAME…]
"""

import inspect
import sys
import textwrap
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, cast
from unittest.mock import patch

from tests.simulation.chaos import Plan
from tests.simulation.histories import contest
from tests.simulation.simulate import simulate

MOST = 4000  #: seeds after which a mutation counts as not found
TWINS = "penstock_testing."


@dataclass(frozen=True, slots=True)
class Mutation:
    """`where` is module:function or module:class.method, in the package `penstock` or in a twin's full name; `words`
    become `wrong`. `rare` ones take hundreds of seeds. `among` is a fault that every seed has
    while it is looked for; with `papers` most files are documents, with `archives` most are zip files."""

    name: str
    where: str
    words: str
    wrong: str
    rare: bool = False
    among: str = ""
    papers: bool = False
    archives: bool = False

    @contextmanager
    def applied(self) -> Generator[None]:
        """With the bug."""
        module_name, path = self.where.split(":")
        owner: Any = import_module(module_name if module_name.startswith(TWINS) else f"penstock.{module_name}")
        *classes, name = path.split(".")
        for one in classes:
            owner = getattr(owner, one)
        member = inspect.getattr_static(owner, name)
        function = cast(FunctionType, member.fget if isinstance(member, property) else member)
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.words) != 1:
            raise LookupError(f"the mutation “{self.name}” does not fit {self.where} any more")
        names = dict(function.__globals__)
        future = f"from __future__ import annotations\n{source.replace(self.words, self.wrong)}"
        exec(future, names)
        with ExitStack() as patches:
            # A function is known by its name to every module that imported it.
            users = [owner] if classes else [one for one in _modules() if vars(one).get(name) is member]
            for user in users:
                patches.enter_context(patch.object(user, name, names[name]))
            yield


def _modules() -> list[ModuleType]:
    return [
        module for name, module in sys.modules.items() if name.startswith(("penstock.", TWINS, "tests.simulation."))
    ]


_LEDGER, _CLAIMS = "penstock_testing.ledger:MemoryLedger", "penstock_testing.claims:MemoryClaims"
_DELIVERY, _SENDER = "deliver.stage:_Delivery", "deliver.sender:BatchSender"

MUTATIONS = (
    Mutation(
        "a claim is made unconditionally",
        f"{_CLAIMS}.claim",
        "held = self._held(feed, identity)",
        "held = None",
    ),
    Mutation("a claim is never given up", f"{_CLAIMS}.give_up", "held and held.is_same(owner) and", "False and"),
    Mutation("a void claim is never taken over", f"{_CLAIMS}.take_over", ".is_same(held)", " is self"),
    Mutation("a correction that fails frees what it corrects", f"{_CLAIMS}.give_up", "if held.was:", "if False:"),
    Mutation(
        "a void correction hides what it corrects",
        "identity.contention:IdentityResolver._in_force",
        "await self._in_force(held.was, wanted, lookup)",
        "_InForce(None, outcome)",
        rare=True,
    ),
    Mutation(
        "an earlier revision follows a later one",
        "identity.decision:decide",
        "record.revision > owner.revision",
        "record.revision != owner.revision",
    ),
    Mutation(
        "a claim of an attempt that broke is waited for",
        "identity.lookup:Progress.outcome_of",
        "or Outcome.REJECTED",
        "or None",
        rare=True,
    ),
    Mutation(
        "a claim is given up while its call is in doubt",
        f"{_DELIVERY}.run",
        "await self._sender.end()",
        "await self._resolver.give_up(self._progress.undecided()); await self._sender.end()",
    ),
    Mutation(
        "an unknown record gives its claim up",
        f"{_CLAIMS}.note_end",
        "self._put(feed, identity, held.noting(owner))",
        "self.held.pop((feed, identity))",
    ),
    Mutation(
        "a duplicate is decided while its owner is on its way",
        "identity.lookup:ChunkOutcomes.outcome_of",
        "    if outcome:\n        return outcome",
        "    if batch:\n        return outcome or Outcome.DELIVERED",
    ),
    Mutation(
        "a conflict is called a duplicate",
        "identity.decision:decide",
        "record.digest == owner.digest",
        "owner.digest",
    ),
    Mutation(
        "counters are added outside the transaction",
        f"{_LEDGER}.end_chunk",
        "kept = self._held(chunk, fence)",
        "file = self._files[chunk.file_id]\n"
        "    try:\n        kept = self._held(chunk, fence)\n"
        "    except LeaseLost:\n"
        "        counted = {outcome: file.row.counted[outcome] + counted[outcome] for outcome in Outcome}\n"
        "        file.row = replace(file.row, counted=counted)\n        raise",
    ),
    Mutation(
        "counters are added again on a retry",
        f"{_LEDGER}.end_chunk",
        "kept = self._held(chunk, fence)",
        "kept = self._chunk(chunk.file_id, chunk.span)\n    if kept.fence != fence:\n        raise LeaseLost('')\n"
        "    kept.row = replace(kept.row, counted=dict.fromkeys(Outcome, 0))",
    ),
    Mutation(
        "a batch is composed anew on a retry",
        f"{_LEDGER}.batches",
        "for number in sorted(kept.batches)]",
        "for number in sorted(kept.batches) if kept.batches[number].state is not BatchState.ATTEMPTED"
        " or not kept.batches.pop(number)]",
    ),
    Mutation(
        "a key changes on a retry",
        f"{_SENDER}._deliver",
        "self.settings, call.key,",
        "self.settings, call.key + '0' * (batch.attempts - 1),",
    ),
    Mutation(
        "a batch is settled before it is sent",
        f"{_SENDER}._deliver",
        "self.calls += 1",
        "await self._end(replace(batch, state=BatchState.DELIVERED)); self.calls += 1",
    ),
    Mutation(
        "a file is sealed with a chunk unsent",
        "io.sending:send_all",
        "left = [left[place] for place in failed]",
        "left = []",
        rare=True,  # as idle work, it is sent again
    ),
    Mutation(
        "the rest is handed on without what waits", "split.stage:_Splitting.hand_on", "await self._announce()", "None"
    ),
    Mutation(
        "the rest is handed to nobody", "split.stage:_Splitting.hand_on", "[outgoing(message, PAUSE)]", "[]"
    ),
    Mutation(
        "whoever finds another splitter at work ends",
        "split.stage:split",
        "lease.busy_for and (checkpoint is None or checkpoint.hops <= message.hop)",
        "False",
    ),
    Mutation(
        "a chunk is marked before it is passed on",
        "validate.stage:_pass_on",
        "    await send_all(",
        "    await ports.ledger.mark_validated(dispatch, fence)\n    await send_all(",
        rare=True,
    ),
    Mutation("a batch's fence is ignored", f"{_LEDGER}._held", "kept.fence != fence or ", ""),
    Mutation("a splitter's fence is ignored", f"{_LEDGER}._splitting", "kept.fence != fence or ", "", rare=True),
    Mutation("a lease is ignored", "penstock_testing.ledger:_Kept.lease", "leased_until > now", "False"),
    Mutation(
        "an unanswered call is repeated without keys",
        "deliver.pinning:call_of",
        " if settings.honours_idempotency_key else 0.0",
        "",
    ),
    Mutation(
        "a key is sent again after its retention",
        "deliver.pinning:call_of",
        "settings.key_retention_hours * HOUR",
        "1e9",
    ),
    Mutation(
        "a call that was begun is forgotten", f"{_LEDGER}.begin_attempt", "unanswered=True", "unanswered=False"
    ),
    Mutation(
        "a 5xx is taken for nothing done", f"{_SENDER}._read", "status in MAYBE_DONE", "status < 0"
    ),
    Mutation(
        "a gateway's refusal settles a doubt",
        "deliver.responses:meaning_of",
        "if in_doubt else",
        "if False else",
    ),
    Mutation(
        "a page of a proxy is taken for an answer",
        "deliver.responses:read_answer",
        'doubt if "html" in',
        "doubt if not",
    ),
    Mutation("returned records are forgotten", "model.rows:BatchRow.outcome_of", " or ordinal in self.returned", ""),
    Mutation(
        "refused records are forgotten", "model.rows:BatchRow.outcome_of", " or ordinal in self.refused", ""
    ),
    Mutation(
        "a file is finished before all its chunks",
        "model.rows:FileRow.is_complete",
        "self.chunks_settled + self.chunks_dead == self.chunks",
        "self.chunks_settled > 0",
    ),
    Mutation(
        "a waiting chunk sends itself no message",
        "deliver.stage:come_back_later",
        "[outgoing(again, delay)]",
        "[]",
    ),
    Mutation(
        "a failed message is deleted",
        "adapters.lambda_function:QueueFunction._process",
        "await source.hold_back(record.receipt_handle, wait)\n        raise",
        "await source.hold_back(record.receipt_handle, wait)",
    ),
    Mutation(
        "the rate is not waited for",
        "deliver.rate_limiter:RateLimiter.next",
        "await clock.sleep(",
        "(lambda _: None)(",
    ),
    Mutation(
        "a call that missed its turn goes all the same",
        f"{_SENDER}._deliver",
        "self.clock.now() > turn_ends",
        "False",
        rare=True,
    ),
    Mutation(
        "a burst counts batches of records as one each",
        "deliver.rate_limiter:RateLimiter.next",
        "settings.batch_records if by_record else 1)) /",
        "1)) /",
        rare=True,
    ),
    Mutation(
        "turns that are booked together are one turn",
        "deliver.rate_limiter:RateLimiter._book_all",
        "turn.set_result(begin)",
        "turn.set_result(begins[0])",
    ),
    Mutation(
        "a chunk is buried while somebody works on it",
        f"{_LEDGER}.claim_ending",
        "return kept.lease(now, seconds, versions.CHUNK)",
        "kept.leased_until = 0.0\n    return kept.lease(now, seconds, versions.CHUNK)",
        rare=True,
    ),
    Mutation(
        "a chunk that dies in doubt gives its claims up",
        "operate.bury:_ends_of",
        "if batch.unanswered:",
        "if False:",
        rare=True,
    ),
    Mutation(
        "a dead chunk's doubt is free to be taken over",
        "identity.lookup:ChunkOutcomes.outcome_of",
        "batch and batch.unanswered",
        "False",
        rare=True,
    ),
    Mutation(
        "a dead chunk is not let back in",
        f"{_LEDGER}.claim_dispatch",
        "in (ChunkState.SENT, ChunkState.DEAD)",
        "is ChunkState.SENT",
        rare=True,
    ),
    Mutation(
        "a batch that a dead chunk gave back is sent again as it was",
        "operate.bury:_ends_of",
        "await ports.ledger.end_batch(row, fence, replace(batch, state=BatchState.DROPPED))",
        "pass",
        rare=True,
    ),
    Mutation(
        "an ending adds to the one before",
        f"{_LEDGER}.end_chunk",
        "file.row.counted[one] + counted[one] - was.counted[one]",
        "file.row.counted[one] + counted[one]",
    ),
    Mutation(
        "a replay counts its records without those it is not about",
        "account.finalising:_decide",
        "if chunk.ended and chunk.only:",
        "if False:",
    ),
    Mutation(
        "a replay is about every record",
        "validate.stage:_judge",
        "if message.only else",
        "if False else",
    ),
    Mutation(
        "a replay forgets the rejects of the others",
        "account.finalising:_decide",
        "rows = _without(known.rows_before, about) + rows",
        "pass",
        rare=True,
    ),
    Mutation(
        "an old message goes on with a later round",
        f"{_LEDGER}.claim_dispatch",
        "if kept.row.generation != message.chunk.generation:",
        "if False:",
        rare=True,
    ),
    Mutation(
        "a replayed record's old batch speaks for it",
        f"{_SENDER}.take_up",
        "if batch.generation == self.lease.chunk.generation:",
        "if True:",
    ),
    Mutation(
        "a file's end is not written anew",
        f"{_LEDGER}.end_chunk",
        "was.ended is not None and",
        "False and",
        rare=True,
    ),
    Mutation(
        "a held batch is sent when its chunk is tried again",
        f"{_DELIVERY}._resume",
        "if batch.state is BatchState.ATTEMPTED]",
        "if batch.state in (BatchState.ATTEMPTED, BatchState.HELD)]",
    ),
    Mutation(
        "what was found is forgotten when the chunk comes again",
        "deliver.stage:_rule_flags",
        "if not message.flagged:",
        "if not message.flagged or message.waits:",
    ),
    Mutation(
        "a released record is held again",
        f"{_DELIVERY}._holds",
        "if self._message.chunk.released:",
        "if False:",
    ),
    Mutation(
        "a release is about every record of its chunk",
        "operate.hold:plan_release",
        '"only": only, "released"',
        '"only": "", "released"',
    ),
    Mutation(
        "a refused record keeps its identity",
        "account.finalising:_give_up",
        "end.ended_as(*_FREE)",
        "[at for at, one in end.ended_as(*_FREE).items()"
        " if 'delivery.refused' not in [found.code for found in one.findings]]",
    ),
    Mutation(
        "a record stays in the batch that it was held in",
        "account.held_batches:take_up",
        "await ports.ledger.end_batch(chunk, fence, batches[place])",
        "pass",
        rare=True,
    ),
    Mutation(
        "a refusal that broke off is not carried on",
        "operate.decide:begin_decision",
        "elif left == only:",
        "elif False:",
    ),
    Mutation(
        "a circuit that opened is never probed",
        "deliver.circuit:half_open",
        "await ports.throttle.begin_probe(feed, ports.clock.now(), seconds, early=early)",
        "False",
    ),
    Mutation(
        "a mapping that somebody died over stays off",
        "deliver.probing:_look",
        "await ports.mappings.switch(feed, on=has_lanes(feed) or row.circuit is Circuit.CLOSED)",
        "pass",
        rare=True,
    ),
    Mutation(
        "an account is not noted for the log",
        "account.completion:_report",
        'await store.put(account_key(file_id, row.ends), b"{}", "application/json")',
        "pass",
    ),
    Mutation(
        "a receipt has the records of an earlier round",
        "receipts.stage:records_key",
        "{ids.chunk_name(chunk)}-{fence}.zst",
        "{ids.chunk_name(chunk)}.zst",
    ),
    Mutation(
        "the log has a file with its first account",
        "receipts.stage:_log",
        "if row.ends > account or row.file.feed not in FEEDS:",
        "if account > row.chunks:",
    ),
)  # fmt: skip

OF_PAPERS = (
    Mutation(
        "the last range of a document is forgotten",
        "extract.ranges:Ranges.all",
        "self.pages + 1, self.at_once",
        "self.pages + (self.pages <= self.at_once), self.at_once",
        papers=True,
    ),
    Mutation(
        "ranges are assembled in whatever order",
        "extract.stage:_bodies",
        "in ranges.all()",
        "in sorted(ranges.all(), reverse=True)",
        papers=True,
    ),
    Mutation(
        "a range counts as read before its pages are",
        "extract.stage:_read",
        "        body = await document.read(",
        "        empty = __import__('gzip').compress(b'')\n"
        "        await ports.store.put(one.key(file.file_id), empty, 'application/gzip')\n"
        "        body = await document.read(",
        papers=True,
    ),
    Mutation(
        "of ranges that were lost only one is sent again",
        "extract.stage:_begin",
        "await _send(ports, row.file, missing, message.entry)",
        "await _send(ports, row.file, missing[:1], message.entry)",
        papers=True,
    ),
    Mutation(
        "a staged document is not handed back",
        "extract.stage:_hand_back",
        "[outgoing(SplitMessage(file=staged), PAUSE)]",
        "[]",
        papers=True,
    ),
    Mutation(
        "what broke off after it was staged is seen before",
        "extract.stage:_holding",
        "return await _hand_back(ports, lease.row.file, lease.fence, 0)",
        'return StageResult("seen before", file.feed, file.file_id)',
        rare=True,
        papers=True,
    ),
    Mutation(
        "a document is read while another assembles it",
        "extract.stage:_holding",
        'raise Busy("another worker holds the file", after=lease.busy_for)',
        'return StageResult("seen before", file.feed, file.file_id)',
        rare=True,
        papers=True,
    ),
)

OF_LIVING = (
    Mutation(
        "a pinned cut is not gone by",
        "split.stage:_split",
        "    if row.cut:\n        feed = feed_that_cuts(feed, row.cut)\n",
        "",
        rare=True,
        among="RECUT",
    ),
    Mutation(
        "a body that has changed is sent again in doubt",
        "deliver.pinning:_differences",
        "was.body != now.body",
        "False",
        rare=True,
        among="RESERIALISED",
    ),
    Mutation(
        "a batch in doubt is sent to another destination",
        "deliver.pinning:_differences",
        "was.destination != now.destination",
        "False",
        among="MOVED",
    ),
    Mutation(
        "what a validator has said is written over",
        f"{TWINS}memory:MemoryStore.put_first",
        "return False",
        "pass",
        among="RULED",
    ),
    Mutation(
        "an exception of a rule is taken for an outage",
        "validate.judging:_judge_part",
        "fault = defect(feed.name, error)",
        "raise",
        among="RAISING",
    ),
    Mutation(
        "a message of a newer release fails until it lies in the DLQ",
        "adapters.lambda_function:QueueFunction._process",
        'await put_off(source, record.body, feed or record.attributes.message_group_id or "newer")',
        "raise",
        among="REVERSIONED",
    ),
    Mutation(
        "work whose message is lost is never sent again",
        "operate.resend:_is_idle",
        "max(worked_at, resent_at or worked_at) <= before",
        "False",
        among="PURGED",
    ),
    Mutation(
        "a replay that is lost in a settled file is left there",
        "io.same_cut:ensure_same_cut",
        "if row and row.ended:",
        "if False:",
        rare=True,
        among="PURGED",
    ),
    Mutation(
        "files of an archive have no rows before they are told of",
        "split.stage:_unpack",
        "await ports.ledger.open_each(file_id, fence, [message.file for message in files], ports.clock.now())",
        "pass",
        among="PURGED",
        archives=True,
    ),
    Mutation(
        "a refusal is reported by whoever has lost the file",
        "account.completion:refuse_file",
        "await ports.ledger.pin_refusal(row.file.file_id, fence, finding)",
        "pass",
        rare=True,
        among="DELETED",
    ),
    Mutation(
        "a doubt that was taken over is given up",
        f"{_CLAIMS}.give_up",
        "held.ended is not Outcome.UNKNOWN",
        "True",
        rare=True,
        among="FORGOTTEN",
    ),
    Mutation(
        "who dies with a doubt leaves none behind",
        "identity.lookup:Lookup.of_owner",
        "not seen.was_sent",
        "False",
        rare=True,
        among="FORGOTTEN",
    ),
    Mutation(
        "a doubt that was taken over is a claim of ours",
        "identity.contention:IdentityResolver._is_claimed",
        " or self._is_in_doubt(held)",
        "",
        rare=True,
        among="FORGOTTEN",
    ),
    Mutation(
        "a forgotten record that was held makes a duplicate",
        "identity.contention:IdentityResolver._held_twin",
        " and not seen.forgotten",
        "",
        rare=True,
        among="FORGOTTEN",
    ),
    Mutation(
        "what was sent is dead when its chunk dies again before it is judged",
        "operate.bury:_bury",
        "if begun and judged is None:",
        "if False:",
        rare=True,
        among="RAISING",
    ),
    Mutation(
        "a chunk cannot end without its original",
        "account.finalising:_refused_late",
        "except ObjectMissing:",
        "except ZeroDivisionError:",
        among="DELETED",
    ),
    Mutation(
        "whoever follows a splitter that had no checkpoint refuses what that one has sent",
        "split.stage:_split",
        "(_beginning(row.layout) if row.layout else None)",
        "None",
        among="DELETED",
    ),
    Mutation(
        "chunks are planned without the splitter's fence",
        f"{_LEDGER}.plan_chunks",
        "self._splitting(file_id, fence)",
        "pass",
        rare=True,
        among="DELETED",
    ),
    Mutation(
        "a fault at one thing ends the look at all",
        "io.by_itself:ByItself.at",
        "await self.tell(about, error)",
        "raise",
        among="POISONED",
    ),
    Mutation(
        "a layout is measured by its characters",
        "feeds.feed:_refuse_unless_storable",
        "json.dumps(layout.model_dump())",
        '"".join(layout.header)',
        among="ABSURD",
    ),
    Mutation(
        "a row of a newer release is taken over by an older one",
        f"{TWINS}ledger:_known_chunk",
        'versions.ensure_known("the chunk\'s row", kept.version, versions.CHUNK)',
        "pass",
        among="REROWED",
    ),
    Mutation(
        "a claim does not know how its record has ended",
        "account.finalising:_note_ends",
        "await note_ends(",
        "0 and await note_ends(",
        among="FORGOTTEN",
    ),
    Mutation(
        "a setting that sends records in clear is taken",
        "ports.endpoints:ensure_endpoint",
        'url.scheme == "http" and',
        "False and",
        among="MISSET",
    ),
)
"""Those that only the faults of living find."""

_EXAMINER = "identity.examination:Examiner"
_SEGMENTED = "identity.segmented_histories:SegmentedHistories"
_ITEMS = "penstock_testing.histories:MemoryHistoryItems"
OF_HISTORIES = (
    Mutation(
        "a document is written unconditionally",
        f"{_ITEMS}.write_document",
        "if (there.version if there else None) != was:",
        "if False:",
    ),
    Mutation("a segment is put over another's", f"{_ITEMS}.write_segment", ".version >= segment", ".version > segment"),
    Mutation(
        "a slot is taken whose segment is in no document",
        f"{_SEGMENTED}.write",
        "seen.version - document.version >= self._shape.slots",
        "False",
    ),
    Mutation(
        "a document drops an entry",
        f"{_SEGMENTED}.write",
        "packed(seen.entries, versions.HISTORY)",
        "packed(seen.entries[1:], versions.HISTORY)",
    ),
    Mutation(
        "a document says that it has what comes after it",
        f"{_SEGMENTED}.write",
        "Document(seen.version, packed(seen",
        "Document(seen.version + 1, packed(seen",
    ),
    Mutation(
        "a segment is put first and the document follows",
        f"{_SEGMENTED}.write",
        "if not await self._items.write_document(feed, key, document.version, summed):",
        "if not await self._items.write_segment("
        "feed, key, number % self._shape.slots, Segment(number, change), until) or not "
        "await self._items.write_document(feed, key, document.version, summed) or number:",
    ),
    Mutation(
        "a segment that is missing is passed over",
        "identity.segmented_histories:folded",
        "!= list(range(document.version + 1, version + 1))",
        "== [0]",
        rare=True,
    ),
    Mutation(
        "a worker whose lease has passed writes",
        "deliver.lease:ChunkLease.ensure_held",
        "if not await",
        "if None and await",
        rare=True,
    ),
    Mutation("a void entry counts", f"{_EXAMINER}._in_force", "if outcome in _COUNT:", "if True:"),
    Mutation(
        "an entry that is void takes what it replaced with it",
        f"{_EXAMINER}._in_force",
        "await self._in_force(entry.was, lookup) if entry.was else (None, outcome)",
        "(None, outcome)",
    ),
    Mutation("an entry on its way does not count", f"{_EXAMINER}._in_force", "if outcome in _COUNT:", "if outcome:"),
    Mutation(
        "who stands by an entry on its way is refused",
        f"{_EXAMINER}._judge",
        "if len(records) > 1 or on_their_way:",
        "if False:",
    ),
    Mutation(
        "what was not delivered is sure",
        f"{_EXAMINER}._in_force",
        "if outcome is Outcome.DELIVERED:",
        "if outcome is not None:",
    ),
    Mutation(
        "records in a fixed batch are examined again",
        "deliver.stage:_Delivery._resume",
        "await self._sender.resume([batch for batch in mine if batch.state is BatchState.ATTEMPTED])",
        "None",
    ),
    Mutation(
        "who is refused keeps an identity that others wait for",
        "deliver.stage:_Delivery.run",
        "self._refused",
        "()",
    ),
    Mutation(
        "a correction on its way elsewhere is taken for granted",
        f"{_EXAMINER}._judge",
        "if any(standing[one].was for one in on_their_way):",
        "if False:",
        rare=True,
    ),
    Mutation(
        "what our own correction makes room for goes with it",
        f"{_EXAMINER}._only_beside_others",
        "if new and (held or len(new) < len(fits)):",
        "if False:",
    ),
    Mutation(
        "what is held does not come back once its correction is refused",
        f"{_EXAMINER}._only_beside_others",
        "{**standing, **held}",
        "standing",
        rare=True,
    ),
)
"""Those that `histories` finds."""


def found_after(mutation: Mutation, most: int = MOST) -> tuple[int, str] | None:
    """How many seeds it takes to find a mutation, and by which problem; None if that many do not."""
    also = frozenset(filter(None, [mutation.among]))
    with mutation.applied():
        for seed in range(most):
            plan = Plan(seed, also=also, papers=mutation.papers, archives=mutation.archives)
            problems = contest(seed).problems if mutation in OF_HISTORIES else simulate(plan).problems
            if problems:
                return seed + 1, problems[0]
    return None


def main(names: list[str]) -> int:
    """Prints the table; 1 if any mutation is not found."""
    missed = 0
    for mutation in (*MUTATIONS, *OF_LIVING, *OF_PAPERS, *OF_HISTORIES):
        if names and not any(name in mutation.name for name in names):
            continue
        began = time.monotonic()
        found = found_after(mutation)
        missed += found is None
        seeds, problem = found or (MOST, "NOT FOUND")
        sys.stdout.write(f"{mutation.name:<54} {seeds:>5} seeds {time.monotonic() - began:>6.1f} s   {problem[:100]}\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
