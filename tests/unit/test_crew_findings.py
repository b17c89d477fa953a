"""What a finding of the crew feed tells so that it can be reproduced; and that hostile rosters end in time."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.crew.clauses import MOST_NAMED
from penstock.feeds.crew.easa_tables import cabin_in_flight_rest
from penstock.feeds.crew.engine import CLAUSES, examine
from penstock.feeds.crew.history import History, Timeline
from penstock.feeds.crew.policy import Policy, PolicyLimit
from penstock.model.findings import Finding, Severity
from tests.support.budget import examples
from tests.support.duties import at, codes, duty, easa, found_in, valid


def clock(minute: int) -> str:
    return f"+{minute // 1440} {minute % 1440 // 60:02d}:{minute % 60:02d}"


class TestEditions:
    @pytest.mark.parametrize(
        ("record", "edition"), [(duty("08:00", "15:00"), "14 CFR Part 117"), (easa("08:00", "15:00"), "CS-FTL.1")]
    )
    def test_a_finding_says_which_text_judged(self, record: dict[str, Any], edition: str) -> None:
        (told,) = found_in(record)[0]
        assert edition in (told.edition or "")
        assert told.payload()["edition"] == told.edition
        assert Finding.from_dict(told.as_dict()) == told

    def test_every_clause_of_a_regulation_is_of_an_edition(self) -> None:
        for clause in CLAUSES:
            if clause.code.startswith(("crew.far117.", "crew.easa.")):
                assert clause.breach("", ()).edition, clause.code

    def test_what_was_before_an_edition_is_told(self) -> None:
        def on(day: str) -> dict[str, Any]:
            return easa(
                "08:00", "8:00", report_at=at("08:00", day), fdp_end_at=at("16:00", day), release_at=at("17:00", day)
            )

        assert codes(on("2016-02-17")) == ["edition"]
        assert codes(on("2016-02-18")) == []


class TestMargins:
    @settings(deadline=None, max_examples=examples(150))
    @given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.data()), max_size=8))
    def test_one_that_is_told_is_below_zero(self, plan: list[Any]) -> None:
        made: list[dict[str, Any]] = []
        hour = 0
        for number, (gap, length, data) in enumerate(plan):
            hour += gap
            changes = {
                "regulation": data.draw(st.sampled_from(["far117", "easa"])),
                "extension": data.draw(st.sampled_from(["none", "planned", "discretion"])),
                "acclimatised": data.draw(st.sampled_from(["yes", "no", "unknown", None])),
            }
            made.append(
                duty(clock(hour * 60), length * 60, data.draw(st.integers(1, 12)), **changes, duty_id=f"D{number}")
            )
            hour += length
        for told in (one for found in found_in(*made) for one in found):
            assert told.margin is None or told.margin < 0
            assert (told.margin is None) is (told.limit is None) is (told.actual is None) is (told.unit is None)


class TestCabinCrew:
    """CS FTL.1.205(c)(4)."""

    @pytest.mark.parametrize(
        ("rest_class", "rest", "fdp"),
        [
            (1, "1:29", "0:00"), (1, "1:30", "14:30"), (3, "1:30", "14:30"), (1, "1:45", "15:00"),
            (2, "1:59", "14:30"), (2, "2:00", "15:00"), (3, "2:19", "14:30"), (3, "2:20", "15:00"),
            (3, "3:00", "16:00"), (3, "9:00", "16:00"), (2, "3:00", "16:30"), (2, "3:25", "17:00"),
            (2, "9:00", "17:00"), (1, "3:25", "17:30"), (1, "3:49", "17:30"), (1, "3:50", "18:00"),
        ],
    )  # fmt: skip
    def test_as_printed(self, rest_class: int, rest: str, fdp: str) -> None:
        assert cabin_in_flight_rest(rest_class, minutes(rest)) == minutes(fdp)

    def test_the_fdp_goes_by_the_rest_that_a_crew_member_had(self) -> None:
        crew = {"role": "cabin", "rest_facility_class": 1, "in_flight_rest_minutes": 105}
        assert codes(easa("08:00", "15:00", **crew)) == []
        assert codes(easa("08:00", "15:01", **crew)) == ["easa.cabin_in_flight_rest"]
        assert codes(easa("08:00", "15:00", 4, **crew)) == ["easa.sectors_in_flight_rest"]

    @pytest.mark.parametrize("unknown", ["rest_facility_class", "in_flight_rest_minutes"])
    def test_what_is_not_known_extends_nothing(self, unknown: str) -> None:
        crew = {"role": "cabin", "rest_facility_class": 1, "in_flight_rest_minutes": 105, "pilots": 3} | {unknown: None}
        assert "easa.fdp" in codes(easa("08:00", "13:01", **crew))

    def test_part_117_is_not_about_them(self) -> None:
        assert codes(duty("08:00", "8:00", role="cabin")) == ["activity"]


def minutes(text: str) -> int:
    hours, rest = map(int, text.split(":"))
    return hours * 60 + rest


class TestHostileRosters:
    def test_a_breach_of_very_many_names_the_latest(self) -> None:
        """What a file tells grows with the file and not with its square."""
        limit = PolicyLimit("duty", "duty", 60, "OM-A", Severity.SOFT, 24 * 366)
        days = [duty(clock(day * 2 * 1440), 60, duty_id=f"D{day}") for day in range(150)]
        told = found_in(*days, policy=Policy(limits=[limit]))[-1]
        most = next(one for one in told if one.code == "crew.policy.duty")
        assert list(most.duties) == [f"D{day}" for day in range(150 - MOST_NAMED, 150)]
        assert "of 150 duties" in most.message

    def test_no_duty_is_looked_at_more_often_for_the_years_before_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each looks back some weeks at most: a day is as many steps after two years as after one."""
        steps = 0
        before = History.before

        def counted(self: History, of: Any) -> Any:
            nonlocal steps
            for one in before(self, of):
                steps += 1
                yield one

        monkeypatch.setattr(History, "before", counted)
        spent: list[int] = []
        for regulation in ("easa", "far117"):
            history = History()
            for day in range(0, 200, 2):
                steps = 0
                examine([valid(duty(clock(day * 1440), 60, regulation=regulation, duty_id=f"D{day}"))], {"C1": history})
                spent.append(steps)
        assert max(spent) < 60

    @given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=25), st.data())
    def test_a_timeline_is_the_same_however_it_was_made(self, plan: list[tuple[int, int]], data: st.DataObject) -> None:
        intervals: list[tuple[int, int]] = []
        for start, length in sorted(plan):
            begin = max(start * 10, intervals[-1][1] if intervals else 0)
            intervals.append((begin, begin + length))
        timeline = Timeline()
        for one in data.draw(st.permutations(intervals)):
            timeline.add([one])
        gone = data.draw(st.lists(st.sampled_from(intervals), unique=True)) if intervals else []
        assert all(timeline.drop([one]) for one in gone)
        left = [one for one in intervals if one not in gone]
        assert list(zip(timeline.starts, timeline.ends, strict=True)) == left
        assert timeline.total(0, 1000) == sum(end - start for start, end in left)
