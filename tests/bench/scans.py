"""Scans of forms that nothing was tuned to: forms, labels, places, values and damage are drawn anew from a seed, a
template is made of one good document of each, and others of its form are read as scans, some of which have drifted.

    python -m tests.bench.scans --seed 2 --forms 24 [--show]

prints how many were accepted and right, held, refused, and accepted though wrong; of those that are as their template
has them how many nobody has to look at; and of the drifted how many were missed.
"""

import argparse
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any, Literal, NamedTuple

from PIL import Image, ImageFilter

from penstock.feeds.tower import TOWER
from penstock.model.findings import Severity
from penstock_documents.document import Document, pages_of
from penstock_documents.drafting import draft
from penstock_documents.forms import read_all, records_of
from penstock_documents.pdf import Unreadable
from penstock_documents.template import Template
from penstock_ops.samples.tower.paper import Page, Text, pdf

type Ending = Literal["right", "held", "refused", "wrong"]


class Scanned(NamedTuple):
    """A picture of a page, the kind of file that it is sent as, and its dots an inch."""

    picture: Image.Image
    kind: str
    dpi: int = 300


type Damage = Callable[[Image.Image, Random], Scanned]
"""What happens to a page that is scanned at 300 dots an inch."""

# -- what forms say


class Said(NamedTuple):
    """A value as it is printed, and as a record has it."""

    printed: str
    value: Any


def _id(rng: Random, form: str) -> Said:
    text = "".join(
        str(rng.randrange(10)) if one == "9" else rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") if one == "A" else one
        for one in form
    )
    return Said(text, text)


def _number(rng: Random, low: float, high: float, places: int, unit: str) -> Said:
    number = round(rng.uniform(low, high), places)
    text = f"{number:,.{places}f}"
    return Said(f"{text}{unit}", int(number) if number == int(number) else number)


def _day(rng: Random, form: str, begin: date) -> Said:
    day = begin + timedelta(days=rng.randrange(200))
    return Said(day.strftime(form), day.isoformat())


def _name(rng: Random, *parts: Sequence[str]) -> Said:
    text = " ".join(rng.choice(part) for part in parts)
    return Said(text, text)


_FIRST = ("Abigail", "Bram", "Cecilia", "Dmitri", "Eleanor", "Farid", "Greta", "Hollis", "Ingrid", "Jorge", "Katya")
_LAST = ("Quist", "Delacroix", "Farnsworth", "Gallagher", "Holm", "Ivanov", "Jurado", "Kessler", "Lindqvist", "Moreau")
_FIRM = ("Summit", "Prairie", "Lakeside", "Ironwood", "Granite", "Cascade", "Beacon", "Pinnacle", "Vertex", "Coastal")
_WHAT = ("Towers", "Masts", "Wireless", "Holdings", "Sites")
_LEGAL = ("LLC", "Inc.", "LP", "Co.", "Corp")
_PLACE = ("Fairview", "Oakdale", "Riverton", "Millbrook", "Granger", "Shelby", "Warren", "Clayton")
_MEMBERS = ("Leg", "Diagonal", "Horizontal", "Girt", "Base plate", "Anchor rod", "Guy 1", "Guy 2", "Flange", "Mount")

_DATES = ("%m/%d/%Y", "%Y-%m-%d", "%B %d, %Y", "%d %b %Y", "%m-%d-%Y")


@dataclass(frozen=True)
class Sort:
    """A sort of form: of each field the labels that it may have, and how its values are made."""

    kind: str
    fields: Mapping[str, tuple[Sequence[str], Callable[[Random, "Manner"], Said]]]
    critical: Sequence[str]
    table: str = ""
    columns: Mapping[str, Sequence[str]] | None = None


class Manner(NamedTuple):
    """How one form prints: its ids, dates and units."""

    site: str
    day: str
    feet: str
    degrees: str
    percent: str


SORTS = (
    Sort(
        "inspection",
        {
            "site_id": (("Site No.", "Structure ID", "Location Code"), lambda r, m: _id(r, m.site)),
            "asr_number": (("FCC Registration", "Antenna Structure Reg.", "ASR"), lambda r, m: _id(r, "1299999")),
            "inspection_date": (
                ("Surveyed On", "Field Date", "Inspected"),
                lambda r, m: _day(r, m.day, date(2025, 1, 5)),
            ),
            "height_agl_ft": (("Top of Structure", "Height Above Grade"), lambda r, m: _number(r, 90, 480, 1, m.feet)),
            "engineer": (("Engineer in Charge", "Reviewed By"), lambda r, m: _name(r, _FIRST, _LAST)),
            "twist_deg": (("Twist Found", "Rotation"), lambda r, m: _number(r, 0.1, 4.9, 1, m.degrees)),
            "temperature_f": (("Ambient Temp.", "Air Temperature"), lambda r, m: _number(r, 20, 99, 0, " °F")),
            "owner": (("Structure Owner", "Client"), lambda r, m: _name(r, _FIRM, _WHAT, _LEGAL)),
        },
        ("site_id", "asr_number", "inspection_date", "height_agl_ft", "member_ratings"),
        "member_ratings",
        {
            "component": ("Element", "Part"),
            "elevation_ft": ("Elev (ft)", "Level (ft)"),
            "capacity_pct": ("Stress", "% Used"),
        },
    ),
    Sort(
        "lease_amendment",
        {
            "site_id": (("Lease Site", "Property Code", "Site"), lambda r, m: _id(r, m.site)),
            "lessor": (("Grantor", "Owner of Land"), lambda r, m: _name(r, _FIRST, _LAST)),
            "lessee": (("Grantee", "Operator"), lambda r, m: _name(r, _FIRM, _WHAT, _LEGAL)),
            "effective_date": (("Begins On", "In Force From"), lambda r, m: _day(r, m.day, date(2025, 3, 1))),
            "expiration_date": (("Ends On", "Through"), lambda r, m: _day(r, m.day, date(2034, 3, 1))),
            "monthly_rent_usd": (("Rent per Month", "Monthly Payment"), lambda r, m: _number(r, 900, 6400, 2, "")),
            "escalator_pct": (("Yearly Increase", "Escalation"), lambda r, m: _number(r, 1, 4.5, 1, m.percent)),
            "notice_days": (("Notice", "Notice Period"), lambda r, m: _number(r, 30, 180, 0, " days")),
        },
        ("site_id", "lessor", "lessee", "effective_date", "expiration_date", "monthly_rent_usd"),
    ),
    Sort(
        "municipal_permit",
        {
            "permit_number": (("Permit", "Approval Number"), lambda r, m: _id(r, "AA-2025-9999")),
            "site_id": (("Facility", "Site Reference"), lambda r, m: _id(r, m.site)),
            "jurisdiction": (("Authority", "Municipality"), lambda r, m: _name(r, ("City of", "Town of"), _PLACE)),
            "issue_date": (("Granted", "Date of Issue"), lambda r, m: _day(r, m.day, date(2025, 2, 1))),
            "expiration_date": (("Valid Until", "Lapses"), lambda r, m: _day(r, m.day, date(2027, 2, 1))),
            "approved_height_ft": (("Height Allowed", "Maximum Height"), lambda r, m: _number(r, 40, 199, 0, m.feet)),
            "zoning_district": (("Zone", "District"), lambda r, m: _id(r, "A-9")),
        },
        ("permit_number", "site_id", "issue_date", "expiration_date", "approved_height_ft"),
    ),
    Sort(
        "structural_audit",
        {
            "site_id": (("Audit Site", "Structure"), lambda r, m: _id(r, m.site)),
            "asr_number": (("Registration No.", "FCC No."), lambda r, m: _id(r, "1199999")),
            "report_date": (("Report Issued", "Dated"), lambda r, m: _day(r, m.day, date(2025, 4, 1))),
        },
        ("site_id", "report_date", "members"),
        "members",
        {"member": ("Section", "Piece"), "type": ("Profile", "Shape"), "capacity_pct": ("Utilisation", "Demand")},
    ),
)


@dataclass(frozen=True)
class Drawn:
    """A form: its sort, manner, labels, places and face."""

    sort: Sort
    manner: Manner
    labels: Mapping[str, str]
    places: Mapping[str, tuple[float, float, float, float]]
    headers: Mapping[str, tuple[str, float]]
    table_top: float
    title: str
    font: str
    size: float

    def filled(self, rng: Random) -> dict[str, Any]:
        """Values for it, and a table's rows."""
        values: dict[str, Any] = {name: make(rng, self.manner) for name, (_, make) in self.sort.fields.items()}
        if self.sort.table:
            rows: list[dict[str, Said]] = []
            for member in rng.sample(_MEMBERS, rng.randint(2, 6)):
                row = {next(iter(self.headers)): Said(member, member)}
                if "elevation_ft" in self.headers:
                    row["elevation_ft"] = _number(rng, 0, 300, 0, "")
                if "type" in self.headers:
                    row["type"] = _id(rng, "L99x9")
                row["capacity_pct"] = _number(rng, 20, 99, 1, self.manner.percent)
                rows.append(row)
            values[self.sort.table] = rows
        return values

    def page(self, values: Mapping[str, Any], moved: Mapping[str, tuple[float, float]] | None = None) -> Page:
        """The form with these values; some fields stand elsewhere by so much."""
        texts = [Text(60, 56, self.title, 15)]
        for name, (x, y, value_x, value_y) in self.places.items():
            right, down = (moved or {}).get(name, (0.0, 0.0))
            texts.append(Text(x + right, y + down, self.labels[name], self.size))
            texts.append(Text(value_x + right, value_y + down, values[name].printed, self.size))
        for column, (header, left) in self.headers.items():
            texts.append(Text(left, self.table_top, header, self.size))
            for at, row in enumerate(values[self.sort.table], 1):
                texts.append(Text(left, self.table_top + 17 * at, row[column].printed, self.size))
        texts.append(Text(60, 735, "Prepared for the files of the structure's owner. Keep for seven years.", 8))
        return [one for one in texts if one.text]

    def document(self, values: Mapping[str, Any], moved: Mapping[str, tuple[float, float]] | None = None) -> bytes:
        """As a PDF."""
        return pdf([self.page(values, moved)], font=self.font)

    def template(self, rng: Random, name: str) -> Template:
        """As a person makes it from one good document."""
        values = self.filled(rng)
        said: dict[str, Any] = {field: one.printed for field, one in values.items() if field != self.sort.table}
        if self.sort.table:
            said[self.sort.table] = [{column: one.printed for column, one in values[self.sort.table][0].items()}]
        pages = pages_of(Document(self.document(values)).read_all())
        return draft(pages, self.sort.kind, said, name, 1, self.sort.critical, lambda *_: 0)


def drawn(rng: Random) -> Drawn:
    """A form as somebody may have laid it out."""
    sort = rng.choice(SORTS)
    end = rng.choice(("", ":"))
    labels = {name: rng.choice(names) + end for name, (names, _) in sort.fields.items()}
    size, font = rng.choice((9.0, 10.0, 11.0)), rng.choice(("Helvetica", "Times-Roman", "Courier", "Helvetica-Bold"))
    layouts = ("one", "below") if font == "Courier" or size > 10 else ("one", "two", "below")
    places = dict(zip(labels, _places(rng, len(labels), size, layouts), strict=True))
    table_top = max(place[3] for place in places.values()) + 50
    lefts = (60.0, 60.0 + rng.choice((140, 170)), 60.0 + rng.choice((290, 330)))
    headers = {
        column: (rng.choice(names), left)
        for (column, names), left in zip((sort.columns or {}).items(), lefts, strict=False)
    }
    manner = Manner(
        site=rng.choice(("AA-9999", "A-999999", "AA99999", "99-9999")),
        day=rng.choice(_DATES),
        feet=rng.choice((" ft", " feet", "'")),
        degrees=rng.choice(("°", " deg")),
        percent=rng.choice(("%", " %")),
    )
    title = rng.choice(("STRUCTURE RECORD", "Field Report", "Notice to the File", "Certificate", "Form 27-B"))
    return Drawn(sort, manner, labels, places, headers, table_top, title, font, size)


def _places(rng: Random, many: int, size: float, layouts: Sequence[str]) -> Iterator[tuple[float, float, float, float]]:
    """(a label's left and top, its value's): beside it in one column, beside it in two, or below it in two."""
    layout, step = rng.choice(layouts), rng.choice((22.0, 26.0, 32.0))
    for at in range(many):
        left, row = (60.0, at) if layout == "one" else (60.0 + 270 * (at % 2), at // 2)
        if layout == "below":
            top = 100 + (step + 18) * row
            yield left, top, left, top + size + 5
        else:
            top = 100 + step * row
            yield left, top, left + (190.0 if layout == "one" else 140.0), top


# -- what becomes of paper


def _bilevel(paper: Image.Image, rng: Random) -> Scanned:
    """A fax machine's or an office copier's scan."""
    return Scanned(paper.point([255 * (shade > 160) for shade in range(256)]).convert("1"), "TIFF")


def _photocopied(paper: Image.Image, rng: Random) -> Scanned:
    """Soft, grey and speckled."""
    soft = paper.filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 1.2)))
    noise = Image.effect_noise(soft.size, rng.uniform(20, 40))
    return Scanned(Image.blend(soft, noise, 0.18), "JPEG")


def _skewed(paper: Image.Image, rng: Random) -> Scanned:
    degrees = rng.choice((-1, 1)) * rng.uniform(0.4, 2.4)
    return Scanned(paper.rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor=255), "PNG")


def _turned(paper: Image.Image, rng: Random) -> Scanned:
    return Scanned(paper.rotate(rng.choice((90, 180, 270)), expand=True, fillcolor=255), "PNG")


def _faded(paper: Image.Image, rng: Random) -> Scanned:
    """Ink that has become pale."""
    floor = rng.randint(90, 130)
    return Scanned(paper.point([min(255, floor + shade * (255 - floor) // 255) for shade in range(256)]), "JPEG")


def _speckled(paper: Image.Image, rng: Random) -> Scanned:
    speckled = paper.copy()
    for _ in range(900):
        x, y = rng.randrange(paper.width - 4), rng.randrange(paper.height - 4)
        speckled.paste(rng.choice((0, 60, 255)), (x, y, x + rng.randint(1, 3), y + rng.randint(1, 3)))
    return Scanned(speckled, "PNG")


def _coarse(paper: Image.Image, rng: Random) -> Scanned:
    """Of 200 dots an inch, as many offices scan."""
    coarse = paper.resize((paper.width * 2 // 3, paper.height * 2 // 3), Image.Resampling.LANCZOS)
    return Scanned(coarse, "JPEG", 200)


def _overlaid(paper: Image.Image, rng: Random) -> Scanned:
    """In a PDF, over a text that nobody sees and that says something else."""
    return Scanned(paper, "PDF")


DAMAGES: Mapping[str, Damage] = {
    "bilevel": _bilevel, "photocopied": _photocopied, "skewed": _skewed, "turned": _turned, "faded": _faded,
    "speckled": _speckled, "coarse": _coarse, "overlaid": _overlaid,
}  # fmt: skip


def scan(document: bytes, damage: Damage, rng: Random) -> bytes:
    """A page as a scan, once something has happened to it."""
    import pypdfium2 as pdfium  # type: ignore[import-untyped]

    opened: Any = pdfium.PdfDocument(document)
    paper: Image.Image = opened[0].render(scale=300 / 72, grayscale=True).to_pil()
    opened.close()
    scanned = damage(paper, rng)
    if scanned.kind == "PDF":
        return _over_a_text(scanned.picture, rng)
    out = io.BytesIO()
    more: dict[str, Any] = {"TIFF": {"compression": "group4"}, "JPEG": {"quality": 55}}.get(scanned.kind, {})
    scanned.picture.save(out, scanned.kind, dpi=(scanned.dpi, scanned.dpi), **more)
    return out.getvalue()


def _over_a_text(picture: Image.Image, rng: Random) -> bytes:
    import pikepdf

    hidden = "".join(
        f"BT /F1 10 Tf 3 Tr 60 {90 + 20 * line} Td (Site No.: {_id(rng, 'AA-9999').printed}) Tj ET\n"
        for line in range(30)
    )
    with pikepdf.new() as document:
        ink = pikepdf.Stream(document, picture.tobytes())
        ink.Type, ink.Subtype, ink.ColorSpace = pikepdf.Name.XObject, pikepdf.Name.Image, pikepdf.Name.DeviceGray
        ink.Width, ink.Height, ink.BitsPerComponent = picture.width, picture.height, 8
        page = document.add_blank_page(page_size=(612, 792))
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=ink), Font=pikepdf.Dictionary(F1=font))
        page.Contents = document.make_stream(f"{hidden}q 612 0 0 792 0 0 cm /Scan Do Q".encode())
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


# -- what becomes of them


class Outcome(NamedTuple):
    """A document, what was done to it, and how it ended."""

    damage: str
    drifted: str
    ending: Ending
    why: str


def outcomes(seed: int, forms: int) -> Iterator[Outcome]:
    """Of so many forms a conforming document each, as text and as a scan; every fourth has drifted, on its scan."""
    for at in range(forms):
        rng = Random(f"{seed}:{at}")
        form = drawn(rng)
        template = form.template(rng, f"Form {at}")
        values = form.filled(rng)
        damage = list(DAMAGES)[at % len(DAMAGES)]
        yield Outcome("text", "", *_ending(form.document(values), template, form, values, drifted=False))
        how, document = _drifting(form, values, rng) if at % 4 == 3 else ("", form.document(values))
        scanned = scan(document, DAMAGES[damage], rng)
        yield Outcome(damage, how, *_ending(scanned, template, form, values, drifted=bool(how)))


def _drifting(form: Drawn, values: Mapping[str, Any], rng: Random) -> tuple[str, bytes]:
    """A critical field elsewhere, under another name, or away."""
    name = rng.choice([one for one in form.sort.critical if one in form.places])
    how = rng.choice(("moved", "renamed", "vanished"))
    if how == "moved":
        top = form.places[name][1]
        return how, form.document(values, {name: (0.0, 690.0 - top)})
    labels = {**form.labels, name: "Ledger Entry" if how == "renamed" else ""}
    shown = values if how == "renamed" else {**values, name: Said("", None)}
    return how, replace(form, labels=labels).document(shown)


def _ending(
    body: bytes, template: Template, form: Drawn, values: Mapping[str, Any], *, drifted: bool
) -> tuple[Ending, str]:
    try:
        records = list(records_of(read_all(Document(body), [template]), [template], "0" * 64))
    except Unreadable as error:
        return "refused", str(error)
    if len(records) != 1:
        return "held", "not one form"
    (record,) = records
    assert TOWER.to_record is not None
    (valid,) = TOWER.model.validate_python([TOWER.to_record(record)])
    if not isinstance(valid, dict):
        return "refused", "no record of the feed's"
    broken = [rule.finding for rule in TOWER.rules if list(rule.breaks([valid]))]
    holding = [one.code for one in broken if one.severity is Severity.SOFT and TOWER.is_held_for([one], None)]
    if holding:
        return "held", "; ".join([*holding, *record.get("doubts", ()), *(str(one) for one in record.get("drift", ()))])
    wrong = [
        f"{name}: {record.get(name)!r}, not {said!r}" for name, said in _said(form, values) if record.get(name) != said
    ]
    return ("wrong", "; ".join(wrong) or "drift was missed") if wrong or drifted else ("right", "")


def _said(form: Drawn, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, one in values.items():
        if name == form.sort.table:
            yield name, [{column: cell.value for column, cell in row.items()} for row in one]
        else:
            yield name, one.value


def lines(found: Sequence[Outcome]) -> Iterator[str]:
    """What became of them, as lines."""
    for text, of in (("text", [one for one in found if one.damage == "text"]),
                     ("scans", [one for one in found if one.damage != "text"])):  # fmt: skip
        same = [one for one in of if not one.drifted]
        counts, decided = Counter(one.ending for one in of), sum(one.ending == "right" for one in same)
        yield (
            f"{text}: {counts['right']} accepted and right, {counts['held']} held, {counts['refused']} refused,"
            f" {counts['wrong']} accepted and wrong; {decided} of {len(same)} without drift need nobody"
            f" ({decided / max(1, len(same)):.0%})"
        )
        drifted = [one for one in of if one.drifted]
        false = sum("tower.template_drift" in one.why for one in same)
        missed = sum("tower.template_drift" not in one.why for one in drifted)
        yield f"{text}: drift of {len(drifted)} missed {missed}, of {len(same)} told falsely {false}"


def main() -> None:
    """Prints what the module says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--forms", type=int, default=24)
    parser.add_argument("--show", action="store_true", help="each document that somebody has to look at, and why")
    asked = parser.parse_args()
    found: list[Outcome] = []
    for one in outcomes(asked.seed, asked.forms):
        found.append(one)
        if asked.show and one.ending != "right":
            print(one, flush=True)  # noqa: T201
    print("\n".join(lines(found)))  # noqa: T201


if __name__ == "__main__":
    main()
