"""The as-run log of Dutch broadcasters (NMO, file names `AR<date>.<channel>`): what a station says it aired; and the
log of what it plans to (`BR<date>.<channel>`, `%FILETYPE BEFORE_BROADCAST`), which calls StartTime BeginTime.

Tab-separated, CRLF, ISO-8859-1 or ASCII (UTF-8 is read as well), `%` lines on top that name the format, the type of the
log (`AsRun` or `BEFORE_BROADCAST`), the pivot hour of the broadcast day and, in `%COMMENT`, the columns. Times are
HHMMSS and run past 24 up to the next pivot hour. An empty text is unknown, and so is the number -1. (Nielsen/NMO as-run
specification; the real file of the corpora suite.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.formats.format import FieldOf, Parsed
from penstock.formats.lines import Lines
from penstock.formats.text import encoding_for, encoding_of, undecodable
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.model.messages import Layout

_COLUMNS = (
    "ChannelID", "Omroep", "Date", "StartTime", "Duration", "EndTime", "ProgID", "ProgramType", "UnharmonizedTitle",
    "SubTitle", "PromoTypeID", "SecondaryUnharmonizedTitle", "TertiaryUnharmonizedTitle", "PromotionChannelID",
    "PromotionDay", "RepeatCode", "ReconciliationKey", "ProgramTypology", "CCC", "PromoID",
)  # fmt: skip
PLANNED = "BEFORE_BROADCAST"
_TYPES = {"": False, "ASRUN": False, "BEFOREBROADCAST": True}
"""Whether a log of this type, by its letters in capitals, is planned; "" where it does not say."""

_LATIN_1 = "iso-8859-1"
_READ = {
    "Omroep",
    "ChannelID",
    "Date",
    "StartTime",
    "Duration",
    "ProgID",
    "UnharmonizedTitle",
    "ReconciliationKey",
    "PromoID",
}


class AsRun(Lines):
    """The NMO as-run log."""

    name = "asrun"

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """A file whose first line is `%FORMAT`; its columns must be the twenty of the specification."""
        if not head.startswith(b"%FORMAT"):
            return None
        preamble: dict[str, list[str]] = {}
        position = lines = 0
        while head[position : position + 1] == b"%":
            newline = head.find(b"\n", position)
            if newline < 0:
                raise Refused("format.header_too_long", "the % lines do not end; the log is cut short or is no log")
            name, *cells = head[position:newline].decode(_LATIN_1).rstrip("\r").split("\t")
            word, _, first_column = name.partition(" ")
            preamble[word] = [first_column, *cells] if first_column else cells
            position, lines = newline + 1, lines + 1
        said = preamble.get("%COMMENT", _COLUMNS)
        columns = tuple("StartTime" if column == "BeginTime" else column for column in said)
        is_planned = _is_planned((preamble.get("%FILETYPE") or [""])[0], "BeginTime" in said)
        missing = _READ - set(columns)
        if missing:
            raise Refused("format.missing_column", f"the %COMMENT line does not name {', '.join(sorted(missing))}")
        pivot = (preamble.get("%PIVOTHOUR") or [""])[0]
        if not (pivot.isdecimal() and len(pivot) == 6):
            raise Refused("format.no_pivot_hour", "the %PIVOTHOUR line must give the broadcast day's start as HHMMSS")
        return Layout(
            format=self.name,
            encoding=encoding_of(head, _LATIN_1),
            delimiter="\t",
            header=columns,
            unknown=tuple(column for column in columns if column not in _READ),
            first_byte=position,
            first_line=1 + lines,
            pivot=int(pivot[:2]),
            envelope={"file_type": PLANNED} if is_planned else {},
        )

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """Each line's airing, in the words of the traffic feed."""
        return [self._parse_one(layout, raw) for raw in raws]

    def _parse_one(self, layout: Layout, raw: bytes) -> Parsed:
        fault = undecodable(raw, layout.encoding)
        if fault:
            return fault
        cells = raw.decode(encoding_for(raw, layout.encoding)).split("\t")
        if len(cells) != len(layout.header):
            return Finding(
                "format.ragged_row", f"{len(cells)} cells where the %COMMENT line names {len(layout.header)} columns"
            )
        airing = _airing(dict(zip(layout.header, cells, strict=True)), is_planned="file_type" in layout.envelope)
        hour = airing["air_time"][:2]
        if layout.pivot is not None and hour.isdecimal() and not layout.pivot <= int(hour) < layout.pivot + 24:
            return Finding(
                "format.broadcast_day",
                f"the time lies outside the broadcast day, which begins at {layout.pivot:02d}:00:00",
                field="air_time",
            )
        return {field: value for field, value in airing.items() if value}

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """None beyond those of the %COMMENT line, which the layout has told already."""
        return set()


def _is_planned(said: str, has_begin_times: bool) -> bool:
    """Whether a log is of what is to be aired. What was is billed: so nobody guesses.

    Raises:
        Refused: `format.file_type`: its %FILETYPE is none that is known, or its columns are those of the other one.
    """
    is_planned = _TYPES.get("".join(filter(str.isalnum, said.upper())))
    if is_planned is None or (said.strip() and has_begin_times and not is_planned):
        columns = ", with the column BeginTime of a log that is planned" if has_begin_times else ""
        raise Refused(
            "format.file_type",
            f"the %FILETYPE line says {said.strip()[:40]!r}{columns}: write AsRun for what was aired,"
            f" {PLANNED} for what is to be, as nobody can tell which of the two it is",
        )
    return is_planned or has_begin_times


def _airing(cells: Mapping[str, str], *, is_planned: bool) -> dict[str, Any]:
    """An aired row as a spot. What was aired is the promo or the programme number, a house number; where the log
    reconciles nothing, channel and start time tell one placement from another. A plan is none of what came of it."""
    known = {name: "" if value.strip() == "-1" else value.strip() for name, value in cells.items()}
    date, time = known["Date"], known["StartTime"]
    name = known["ReconciliationKey"] or f"{known['ChannelID']}-{time}"
    return {
        "record_type": "spot",
        "spot_id": f"{name}-planned" if is_planned else name,
        "station": known["Omroep"],
        "house_number": known["PromoID"] or known["ProgID"],
        "air_date": f"{date[:4]}-{date[4:6]}-{date[6:]}",
        "air_time": f"{time[:2]}:{time[2:4]}:{time[4:]}",
        "length_s": known["Duration"],
        "product": known["UnharmonizedTitle"],
        "notes": "planned, not aired yet" if is_planned else "",
    }
