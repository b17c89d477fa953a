"""Faults of living that have been reproduced once, each with the test that shows it: undone, its mend must be missed by
that test, or the test proves nothing. The same for bugs that are too rare for a seed to meet. docs/testing.md has the
table.

    python -m tests.simulation.reproductions [NAME…]
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.mutations import MUTATIONS, OF_LIVING, Mutation

TESTS = Path(__file__).parents[1]
_KNOWN = {mutation.name: mutation for mutation in (*MUTATIONS, *OF_LIVING)}


@dataclass(frozen=True, slots=True)
class Reproduction:
    """`what` went wrong, in words; `tests` show it, `undone` takes the mend away."""

    what: str
    undone: Mutation
    tests: tuple[str, ...]


def _of(what: str, undone: Mutation | str, *tests: str) -> Reproduction:
    return Reproduction(what, _KNOWN[undone] if isinstance(undone, str) else undone, tests)


REPRODUCTIONS = (
    _of(
        "a batch is fixed, its dispatch message expires, and whoever brings its records again waits for ever",
        "work whose message is lost is never sent again",
        "unit/test_resend.py::test_a_second_drop_does_not_wait_for_ever_for_a_first_whose_message_has_expired",
    ),
    _of(
        "the same, of a file in an archive that nobody has claimed yet",
        "files of an archive have no rows before they are told of",
        "unit/test_resend.py::test_files_of_an_archive_whose_messages_are_lost_before_anybody_claimed_them_are_sent_again",
    ),
    _of(
        "the same, of a replay in a settled file",
        "a replay that is lost in a settled file is left there",
        "unit/test_resend.py::test_a_dead_chunk_of_a_settled_file_that_is_redriven_and_lost_is_sent_again_by_the_sweeper",
    ),
    _of(
        "a release with other limits goes on with a file: records are never sent",
        "a pinned cut is not gone by",
        "unit/test_pinned_cut.py::test_a_release_with_other_limits_goes_on_with_the_cut_that_was_begun",
    ),
    _of(
        "a message of another cut is worked on",
        Mutation("another cut is not seen", "io.same_cut:ensure_same_cut", "row.span != message.span", "False"),
        "unit/test_pinned_cut.py::test_a_message_of_another_cut_is_refused_by_name_and_changes_nothing",
    ),
    _of(
        "the owner of a claim is compared without its chunk: records are applied twice",
        Mutation(
            "an owner is a record of a file",
            "model.rows:Owner.is_same",
            "(self.file_id, self.chunk, self.ordinal), (other.file_id, other.chunk, other.ordinal)",
            "(self.file_id, self.ordinal), (other.file_id, other.ordinal)",
        ),
        "unit/test_pinned_cut.py::test_the_owner_of_an_identity_is_a_record_of_a_chunk",
    ),
    _of(
        "a batch in doubt is sent again with another body",
        "a body that has changed is sent again in doubt",
        "unit/test_batches_in_doubt.py::test_a_batch_in_doubt_that_is_written_otherwise_by_now_is_unknown_and_never_sent",
    ),
    _of(
        "a 422 in doubt is read as rejected",
        "a gateway's refusal settles a doubt",
        "unit/test_batches_in_doubt.py::test_a_refusal_of_the_payload_after_a_lost_answer_is_unknown_at_once",
    ),
    _of(
        "a rule rejects a record of a batch in doubt: an exception at every receive",
        Mutation(
            "a batch that has lost a record is sent",
            "deliver.sender:BatchSender._call",
            "if not records.keys() >= set(batch.ordinals):",
            "if False:",
        ),
        "unit/test_batches_in_doubt.py::test_a_record_of_a_batch_in_doubt_that_a_new_rule_rejects_is_unknown_with_its_batch",
    ),
    _of(
        "a batch in doubt is sent to another URL",
        "a batch in doubt is sent to another destination",
        "unit/test_batches_in_doubt.py::test_a_batch_in_doubt_is_never_sent_to_another_destination",
    ),
    _of(
        "a chunk cannot end without its original, nor can its letter be buried",
        "a chunk cannot end without its original",
        "unit/test_original_gone.py::test_a_record_that_is_rejected_when_its_original_is_gone_comes_back_by_what_is_known",
        "unit/test_original_gone.py::test_the_letter_of_a_chunk_that_the_original_is_missed_for_is_buried_and_so_are_the_others",
    ),
    _of(
        "an error at one file, letter or queue ends the sweep for all",
        "a fault at one thing ends the look at all",
        "unit/test_sweeper.py::test_a_file_whose_end_fails_stops_no_other_and_is_told",
        "unit/test_sweeper.py::test_a_letter_that_cannot_be_buried_stops_no_other",
        "unit/test_sweeper.py::test_a_queue_that_cannot_be_received_from_stops_no_other",
    ),
    _of(
        "what lies behind a look's end is never looked at",
        Mutation(
            "a look begins at the beginning",
            "operate.sweep:_Turns.files",
            'repr(at) if self.cut_short else ""',
            '""',
        ),
        "unit/test_sweeper.py::test_files_behind_those_of_one_sweep_have_their_turn_in_the_next",
    ),
    _of(
        "the look for drops stops without a word, always at the same place",
        Mutation(
            "a look for drops begins at the beginning",
            "operate.sweep:look_for_overlooked",
            "last = json.dumps(place)",
            'last = ""',
        ),
        "unit/test_sweeper.py::test_a_look_for_drops_that_is_cut_short_says_so_and_goes_on_there_the_next_time",
    ),
    _of(
        "an exception of a rule is taken for an outage",
        "an exception of a rule is taken for an outage",
        "unit/test_defects.py::test_only_the_records_that_a_rule_fails_at_are_dead",
        "unit/test_defects.py::test_the_other_records_of_its_chunk_are_delivered_and_it_is_dead",
    ),
    _of(
        "so is one of an examination, or at a row of a history",
        Mutation(
            "an exception of an examination is taken for an outage",
            "identity.examination:Examiner._decide",
            "    fault = defect(self._feed.name, error)\n    dead =",
            "    raise\n    dead =",
        ),
        "unit/test_defects.py::test_only_the_records_that_an_examination_fails_at_are_dead",
        "unit/test_defects.py::test_a_history_that_cannot_be_read_ends_the_records_of_its_key_and_no_others",
    ),
    _of(
        "a chunk that is not what was counted fails until it lies in the DLQ",
        Mutation(
            "what cannot be taken apart is an outage",
            "validate.judging:judge",
            "return _all_dead(span, defect(feed.name, error))",
            "raise",
        ),
        "unit/test_judging.py::test_a_chunk_that_is_not_what_was_counted_is_never_judged",
        "unit/test_defects.py::test_a_format_that_cannot_take_a_chunk_apart_leaves_its_records_dead",
    ),
    _of(
        "a workbook or a document that our own reader fails at comes again for ever",
        Mutation(
            "nothing at a file is a defect",
            "model.defects:at_a_file",
            "except Exception as error:",
            "except ZeroDivisionError as error:",
        ),
        "unit/test_defects.py::test_a_workbook_that_we_fail_at_is_refused_and_replayed",
        "unit/test_defects.py::test_a_document_that_we_fail_at_is_refused_and_replayed",
    ),
    _of(
        "a header is bounded by its raw bytes",
        "a layout is measured by its characters",
        "unit/test_bounds.py::test_a_header_of_control_characters_is_refused_before_anything_is_sent",
    ),
    _of(
        "a row, a message or an output of a newer release is acted on",
        Mutation("every version is known", "model.versions:ensure_known", "version > known", "False"),
        "contract/test_releases.py::test_what_a_newer_release_has_begun_is_left_alone_for_days",
        "unit/test_messages.py::test_a_message_of_a_newer_release_waits_for_it",
    ),
    _of(
        "a message of a newer release fails until it lies in the DLQ",
        "a message of a newer release fails until it lies in the DLQ",
        "events/test_validator.py::test_a_message_of_a_newer_release_waits_for_it",
    ),
    _of(
        "a record that is held counts as delivered once its row has expired",
        "a claim does not know how its record has ended",
        "unit/test_duplicates.py::test_a_held_record_whose_file_is_forgotten_is_no_reason_for_a_duplicate",
        "unit/test_duplicates.py::test_an_unknown_record_whose_file_is_forgotten_makes_the_next_one_unknown_and_not_a_duplicate",
    ),
    _of(
        "the same, behind a correction",
        "a forgotten record that was held makes a duplicate",
        "unit/test_held.py::test_behind_an_unknown_correction_a_held_record_that_is_forgotten_makes_no_duplicate",
    ),
    _of(
        "a doubt that was taken over is given up by whoever loses the chunk",
        "a doubt that was taken over is given up",
        "unit/test_duplicates.py::test_who_loses_the_chunk_while_it_contends_leaves_the_doubt_behind",
    ),
    _of(
        "or with a chunk that dies",
        "who dies with a doubt leaves none behind",
        "unit/test_duplicates.py::test_a_chunk_that_dies_before_the_batch_of_such_a_record_leaves_the_doubt_behind",
    ),
    _of(
        "or is sent as ours",
        "a doubt that was taken over is a claim of ours",
        "unit/test_duplicates.py::test_a_doubt_that_is_taken_over_without_an_answer_is_not_taken_for_a_claim_of_ours",
    ),
    _of(
        "a change of a row does not prolong its life",
        Mutation(
            "a row lives as it was made",
            "adapters.aws_ledger.table:LedgerTable._changed",
            '":expires": self._expiry()',
            '":expires": number(1_800_000_000 + self.ttl_seconds + LONGER)',
        ),
        "contract/test_ledger.py::test_every_change_of_a_row_keeps_it_alive_from_then_on",
    ),
    _of(
        "a setting sends records, or a secret, in clear",
        "a setting that sends records in clear is taken",
        "unit/test_destination_settings.py::test_what_is_no_place_for_a_destination_is_refused_whatever_is_allowed",
        "unit/test_destination_settings.py::test_so_it_is_as_a_token_url",
    ),
    _of(
        "a setting leads to a metadata service",
        Mutation(
            "link-local is a place",
            "ports.endpoints:ensure_address",
            "if inner.is_link_local or any(inner in one for one in _METADATA_NETWORKS):",
            "if False:",
        ),
        "unit/test_destination_settings.py::test_what_is_no_place_for_a_destination_is_refused_whatever_is_allowed",
    ),
    _of(
        "a chunk is marked before it is passed on",
        "a chunk is marked before it is passed on",
        "unit/test_crashes.py::test_a_fault_at_any_call_loses_nothing_and_doubles_nothing",
    ),
    _of(
        "two releases judge a dead chunk anew, and the one that was held up writes over the other's word",
        Mutation(
            "whoever has lost a dead chunk writes over what stands",
            "validate.stage:_validate",
            "if not await ports.ledger.holds(chunk, fence):",
            "if False:",
        ),
        "unit/test_judged_once.py::test_of_two_releases_that_judge_a_dead_chunk_anew_the_later_word_stands_once_it_is_gone_by",
    ),
    _of(
        "a splitter whose lease has passed plans chunks",
        "chunks are planned without the splitter's fence",
        "contract/test_ledger.py::test_a_splitter_that_lost_its_lease_finishes_nothing",
    ),
    _of(
        "a splitter whose lease has passed reports a refusal",
        "a refusal is reported by whoever has lost the file",
        "unit/test_splitter_and_validator.py::test_a_splitter_whose_lease_has_passed_reports_no_refusal",
    ),
    _of(
        "what was delivered is dead when its chunk dies again before it is judged anew",
        "what was sent is dead when its chunk dies again before it is judged",
        "unit/test_rounds.py::test_what_was_delivered_stays_so_when_a_chunk_dies_again_before_it_is_judged_anew",
    ),
)


def table() -> str:
    """As docs/testing.md has it."""
    rows = (f"| {one.what} | {' '.join(f'`{test}`' for test in one.tests)} |" for one in REPRODUCTIONS)
    return "\n".join(rows) + "\n"


def is_missed(name: str, test: str) -> bool:
    """Whether a test fails where a reproduction's mend is undone; in a process of its own, as it finds its modules."""
    program = f"import sys; from tests.simulation.reproductions import run; sys.exit(run({name!r}, {test!r}))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=TESTS.parent, env=os.environ, capture_output=True)
    return ended.returncode == 1  # and no other: 4 and 5 say that there is no such test


def run(name: str, test: str) -> int:
    """The exit code of pytest, with the mend undone."""
    import pytest

    undone = next(one.undone for one in REPRODUCTIONS if one.what == name)
    with undone.applied():
        return pytest.main(["-q", "-x", "-p", "no:cacheprovider", str(TESTS / test)])


def main(names: list[str]) -> int:
    """Prints the table; 1 if a mend can be undone without its test missing it."""
    found_out = 0
    for one in REPRODUCTIONS:
        if names and not any(name in one.what for name in names):
            continue
        for test in one.tests:
            began = time.monotonic()
            missed = is_missed(one.what, test)
            found_out += not missed
            said = "missed" if missed else "NOT MISSED"
            sys.stdout.write(f"{said:<10} {time.monotonic() - began:>6.1f} s  {one.what}\n{'':21}{test}\n")
            sys.stdout.flush()
    return 1 if found_out else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
