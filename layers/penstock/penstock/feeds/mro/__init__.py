"""Component removals and installations with their release certificates: FAA Form 8130-3, EASA Form 1, and their kin.

A record is one component, taken off an aircraft or put on one, with what its certificate says. The model (`record`)
says what it looks like; `forms` what each form may say. `certificate`, `component` and `dates` judge a record by
itself, `timeline` beside the others of the same component, in any file, and `operator` by the operator's policy.

The blocks of a certificate, as FAA Form 8130-3 (02-14) and EASA Form 1 number them, are 1 `authority`, 2 `form_type`,
3 `form_tracking_number`, 4 `organisation`, 5 `work_order`, 6 `item`, 7 `description`, 8 `part_number`, 9 `quantity`,
10 `component_sn`, 11 `cert_status`, 12 `remarks`, 13a to 13e `design_data` and `production_…`, 14a to 14e `release_…`.
Columns are not known by these numbers: they were others before 2014, and are others on AAC-038.

Four fields are mandatory: `component_sn`, `form_type`, `cert_status` and `removal_date`. The sources that are usually
cited for them ask for less and for more: 14 CFR 43.9(a) wants what was done, when it was completed and who approved it,
and says nothing of serial numbers; those are block 10's, and 14 CFR 43.10's for life-limited parts. That section's life
status is "cycles, hours, or any other mandatory replacement limit": so a day on which life ends will do as well, where
the limit is one of time.

Nothing that was read from paper with little confidence, and nothing that does not fit what is known of the component,
is delivered before somebody has looked at it: a record with a soft finding is held.
"""

from penstock.feeds.feed import Examination, Feed, Limits
from penstock.feeds.mro import certificate, component, dates
from penstock.feeds.mro.examination import FINDINGS, examine
from penstock.feeds.mro.history import prune, to_history
from penstock.feeds.mro.normalising import SPELLINGS, normalised
from penstock.feeds.mro.policy import Policy
from penstock.feeds.mro.record import ComponentRecord
from penstock.formats.delimited import Delimited
from penstock.formats.json_array import JsonArray
from penstock.formats.json_sequence import JsonSequence
from penstock.formats.ndjson import NdJson

MRO = Feed(
    name="mro",
    title="Component removals and installations with FAA 8130-3 or EASA Form 1",
    formats=(JsonArray(), JsonSequence(), NdJson(), Delimited()),
    record=ComponentRecord,
    # Each line of a certificate tells of one thing that was done to a component on one day.
    identity=("form_type", "form_tracking_number", "item", "part_number", "component_sn", "event", "removal_date"),
    search=("work_order", "registration"),
    sender="organisation",
    revision="revision",
    # No group: a component's records are compared through its history, wherever they stand.
    rules=(*certificate.RULES, *component.RULES, *dates.RULES),
    examination=Examination(
        by=("part_number", "component_sn"),
        examine=examine,
        to_history=to_history,
        prune=prune,
        policy=Policy,
        # A component may fly for years, and lie on a shelf for more, before it is told of again.
        days=3650,
    ),
    findings=FINDINGS,
    soft="hold",
    archived=True,
    spellings=SPELLINGS,
    written=dict.fromkeys(
        ("part_number", "component_sn"), "of letters and digits, with blanks or ./#()&+_- between them, 32 at most"
    )
    | {
        "cert_status": "of one of the form's words for the work, such as REPAIRED",
        "registration": "of a registration, such as N841PS or G-ABCD",
        "ata": "of an ATA chapter, perhaps with section and subject: 32, 32-42 or 32-42-31",
    },
    normalise=normalised,
    decimals=("hours_since_new", "hours_since_overhaul", "life_limit_hours", "ocr_confidence"),
    wholes=("cycles_since_new", "cycles_since_overhaul", "life_limit_cycles", "quantity", "item", "items", "revision"),
    limits=Limits(records=2000),
)
