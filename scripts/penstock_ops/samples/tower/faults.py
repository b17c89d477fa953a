"""Forms with exactly one thing wrong each, so that what must become of them is certain."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from penstock_ops.samples.sample import DELIVERED, Expectation

from .forms import FORMS, INSPECTION, PERMIT, Form, Values
from .paper import Page, Text

#: Of all faults, the share of forms that come twice.
REPEATED = 0.1


class Entry(NamedTuple):
    """A page, and what must become of it."""

    page: Page
    expected: Expectation


class Kind(NamedTuple):
    """A fault: what it is found as, the forms that it can be made on, and the page with it."""

    code: str
    field: str
    forms: tuple[Form, ...]
    page: Callable[[Form, Values, random.Random], Page]
    outcome: Any = "held"


def entries(seed: int, faults: float) -> Iterator[Entry]:
    """Forms without end: one of each kind after the other, some of them with a fault."""
    rng = random.Random(f"{seed}:tower")
    bag: list[Kind] = []
    after_unknown = False
    at = 0
    while True:
        form = rng.choice(FORMS)
        values = form.fill(rng)
        kind = _next(bag, form, rng, after_unknown) if rng.random() < faults else None
        after_unknown = kind is not None and kind.code == UNKNOWN
        if kind is None:
            yield Entry(form.page(values), DELIVERED)
            if rng.random() < faults * REPEATED:
                at += 1
                yield Entry(form.page(values), Expectation("duplicate", duplicate_of=at - 1))
        else:
            yield Entry(kind.page(form, values, rng), Expectation(kind.outcome, kind.code, kind.field))
        at += 1


def _next(bag: list[Kind], form: Form, rng: random.Random, after_unknown: bool) -> Kind | None:
    """Another kind each time, until all were there. Two unknown pages in a row would be one unknown form."""
    if not bag:
        bag += rng.sample(KINDS, len(KINDS))
    for at, kind in enumerate(bag):
        if form in kind.forms and not (after_unknown and kind.code == UNKNOWN):
            return bag.pop(at)
    return None


def _moved(form: Form, values: Values, rng: random.Random) -> Page:
    name = rng.choice([one for one in form.critical if one in form.fields])
    place = form.fields[name]
    elsewhere = replace(place, left=place.left + 8, top=640.0, value_left=place.value_left + 8)
    return replace(form, fields={**form.fields, name: elsewhere}).page(values)


def _renamed(form: Form, values: Values, rng: random.Random) -> Page:
    name = rng.choice([one for one in form.critical if one in form.fields])
    other = replace(form.fields[name], label="Ref. Item:")
    return replace(form, fields={**form.fields, name: other}).page(values)


def _blank(form: Form, values: Values, rng: random.Random) -> Page:
    name = rng.choice([one for one in form.critical if one in form.fields])
    return form.page({**values, name: ""})


def _in_metres(form: Form, values: Values, rng: random.Random) -> Page:
    name = "height_agl_ft" if form is INSPECTION else "approved_height_ft"
    return form.page({**values, name: f"{rng.randrange(40, 90)} m"})


def _unknown(form: Form, values: Values, rng: random.Random) -> Page:
    return [
        Text(54, 60, "Memorandum", 15),
        Text(
            54, 110, f"To whom it may concern: the gate code of the site is {rng.randrange(1000, 9999)} from Monday on."
        ),
        Text(54, 130, "Please tell the crews, and destroy this page."),
    ]


def _due_before(form: Form, values: Values, rng: random.Random) -> Page:
    return form.page({**values, "next_due": "01/02/2019"})


def _over_capacity(form: Form, values: Values, rng: random.Random) -> Page:
    rows = [*values["member_ratings"][:-1], values["member_ratings"][-1] | {"capacity_pct": "103.7"}]
    return form.page({**values, "member_ratings": rows})


UNKNOWN = "tower.unknown_template"
KINDS = (
    Kind("tower.template_drift", "drift", FORMS, _moved),
    Kind("tower.template_drift", "drift", FORMS, _renamed),
    Kind("tower.template_drift", "drift", (INSPECTION, PERMIT), _in_metres),
    Kind("tower.doubtful", "doubts", FORMS, _blank),
    Kind(UNKNOWN, "template", FORMS, _unknown),
    Kind("tower.dates_order", "issue_date", (INSPECTION,), _due_before),
    Kind("tower.over_capacity", "max_capacity_pct", (INSPECTION,), _over_capacity, "delivered"),
)
