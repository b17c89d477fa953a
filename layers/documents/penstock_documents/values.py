"""What a printed value says: dates, numbers with their units, coordinates, as a field's name wants them."""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from penstock_documents.fields import Type

DATE_FORMATS = (
    "%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%d", "%m-%d-%Y", "%d-%m-%Y", "%d.%m.%Y", "%m/%d/%y", "%Y/%m/%d", "%d %B %Y",
    "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y", "%d-%b-%Y", "%d-%b-%y", "%b. %d, %Y", "%Y%m%d",
)  # fmt: skip
"""As forms print them; where a date could be read in two ways, month first, as agencies of the US write it."""

TIME_FORMATS = tuple(
    f"{day}{between}{time}"
    for day in ("%m/%d/%Y", "%Y-%m-%d", "%m/%d/%y", "%d %b %Y")
    for between in (" ", "T")
    for time in ("%H:%M", "%I:%M %p", "%H%M", "%H:%M:%S")
)
"""As logs print an instant."""

_CLEAR = ("%Y-%m-%d", "%Y/%m/%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%d-%b-%Y", "%b. %d, %Y")
"""Forms that can be read in one way only."""

BLANKS = frozenset({"", "n/a", "na", "none", "nil", "-", "--", "---", "–", "—", "not applicable"})
"""What is written where a number or a date is left blank."""

_UNITS = {
    "ft": ("ft", "feet", "foot", "'", "’", "′", "ft agl", "feet agl", "ft amsl", "feet amsl", "ft. agl", "ft. amsl"),
    "m": ("m", "meter", "meters", "metre", "metres", "mtr", "m agl", "m amsl", "meters agl", "meters amsl"),
    "in": ("in", "inch", "inches", '"'),
    "pct": ("%", "pct", "percent", "per cent"),
    "usd": ("$", "usd", "us$", "dollars"),
    "deg": ("°", "deg", "degrees", "degree"),
    "f": ("°f", "f", "deg f", "degrees f", "of"),
    "c": ("°c", "c", "deg c", "degrees c", "oc"),
    "mph": ("mph",),
    "kt": ("kt", "kts", "knots"),
    "lbf": ("lbf", "lb", "lbs", "pounds"),
    "kip": ("kip", "kips"),
    "days": ("days", "day", "d"),
}
"""As they are printed; and of and oc, since on a scan the sign of a degree is read as an o."""

_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}

_TO = {
    ("m", "ft"): Decimal(1) / Decimal("0.3048"),
    ("ft", "m"): Decimal("0.3048"),
    ("in", "ft"): Decimal(1) / 12,
    ("kip", "lbf"): Decimal(1000),
    ("kt", "mph"): Decimal(1852) / Decimal("1609.344"),
}
"""Factors between units: the international foot is 0.3048 m, a nautical mile 1,852 m."""

_NUMBER = re.compile(
    r"^(?P<before>[^\d+\-.(]*)(?P<sign>[+\-−]?)\s?(?P<digits>\d{1,3}(?:,\d{3})+|\d+)?(?P<part>\.\d+)?(?P<after>.*)$"
)
_AMOUNT = re.compile(
    r"^(?P<before>[^\d()]*)(?P<open>\()?(?P<left>[^\d()]*)"
    r"(?P<figures>\d(?:[\d.,'’\s]*\d)?)"
    r"(?P<right>[^\d()]*)(?P<close>\))?(?P<after>[^\d()]*)$"
)
_DMS = re.compile(
    r"^(?P<side>[NSEW])?\s*(?P<sign>[+\-−]?)\s*(?P<d>\d{1,3})\s*[°ºd\-–\s:]\s*(?P<m>\d{1,2})\s*['’′!m\-–\s:]\s*"
    r"(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:[\"”″s]|'')?\s*(?P<hemisphere>[NSEW])?$",
    re.IGNORECASE,
)
_DEGREES = re.compile(
    r"^(?P<side>[NSEW])?\s*(?P<sign>[+\-−]?)\s*(?P<d>\d{1,3}\.\d+|\d{1,3})\s*°?\s*(?P<hemisphere>[NSEW])?$",
    re.IGNORECASE,
)


class Unparsed(ValueError):
    """A printed text that does not say what its field wants."""


class Quantity(NamedTuple):
    """A number as it is printed, and its unit as `_UNITS` names it; "" is none, None an unknown word."""

    number: Decimal
    unit: str | None
    words: str


def quantity_of(text: str) -> Quantity:
    """A number with what stands before and after it.

    Raises:
        Unparsed: there is no number, or more than one.
    """
    found = _NUMBER.match(text.strip())
    if not found or not (found["digits"] or found["part"]) or re.search(r"\d", found["after"].replace("²", "")):
        raise Unparsed("no single number")
    number = Decimal((found["digits"] or "0").replace(",", "") + (found["part"] or ""))
    words = " ".join(part for part in (found["before"].strip(), found["after"].strip()) if part).casefold()
    words = words.strip(" .:;")
    unit = "" if not words else _UNIT_OF.get(words)
    return Quantity(-number if found["sign"] in ("-", "−") and found["sign"] else number, unit, words)


def amount_of(text: str, form: str) -> Quantity:
    """A decimal that is the only one there, with what stands before and after it, a currency perhaps, as its unit. In
    brackets, or with a minus on either side, it is below nothing. `form` is the mark before its fraction, and the one
    between its thousands.

    >>> amount_of("(1.166,60 EUR)", ",."), amount_of("$-4.11", ".,").number
    (Quantity(number=Decimal('-1166.60'), unit='EUR', words='EUR'), Decimal('-4.11'))

    Raises:
        Unparsed: it is none, or is written in another form.
    """
    found = _AMOUNT.match(" ".join(text.split()))
    if not found or bool(found["open"]) is not bool(found["close"]):
        raise Unparsed("no single amount")
    fraction, thousands = (re.escape(mark) for mark in form)
    if not re.fullmatch(rf"(?:\d+|\d{{1,3}}(?:{thousands}\d{{3}})+)(?:{fraction}\d+)?", found["figures"]):
        raise Unparsed(f"no amount of the form 1{form[1]}234{form[0]}56")
    number = Decimal(found["figures"].replace(form[1], "").replace(form[0], "."))
    words = "".join(found[part] for part in ("before", "left", "right", "after"))
    negative = bool(found["open"]) or bool(re.search("[-−]", words))
    unit = " ".join(re.sub("[-−+]", " ", words).split())
    return Quantity(-number if negative else number, unit, unit)


def amount_form_of(texts: Iterable[str]) -> str:
    """The form of a document's amounts, as `amount_of` takes it, by those of them that can be read in one way only.

    >>> amount_form_of(["1 166,60", "0"]), amount_form_of(["$4.11"]), amount_form_of(["1.166"])
    (', ', '.,', '')

    Raises:
        Unparsed: they are of several forms.
    """
    figures = [found["figures"] for text in texts if (found := _AMOUNT.match(" ".join(text.split())))]
    ends = [found for one in figures if (found := re.fullmatch(r"(.*\d)([.,])(\d{1,2}|\d{4,})", one))]
    fractions = {found[2] for found in ends}
    if len(fractions) > 1:
        raise Unparsed("amounts of one form have one mark before their fraction")
    fraction = next(iter(fractions), "")
    thousands = {mark for found in ends for mark in re.findall(r"\D", found[1])}
    if len(thousands) > 1 or fraction in thousands:
        raise Unparsed("amounts of one form have one mark between their thousands")
    return fraction + next(iter(thousands), "," if fraction == "." else ".") if fraction else ""


def converted(number: Decimal, printed: str, wanted: str) -> Decimal:
    """A number in another unit, to two places; in its own it stays as printed.

    Raises:
        Unparsed: the units measure different things.
    """
    if not printed or not wanted or printed == wanted:
        return number
    if (printed, wanted) == ("c", "f"):
        return number * 9 / 5 + 32
    if (printed, wanted) not in _TO:
        raise Unparsed(f"{printed} is no measure of {wanted}")
    return (number * _TO[printed, wanted]).quantize(Decimal("0.01"))


def date_format_of(text: str) -> str:
    """The form a printed date has.

    Raises:
        Unparsed: it is no date.
    """
    for form in DATE_FORMATS:
        try:
            datetime.strptime(_spaced(text), form)  # noqa: DTZ007
        except ValueError:
            continue
        return form
    raise Unparsed("no date")


def date_of(text: str, form: str) -> str:
    """A printed date as ISO 8601 has it, read by the form that its template prints, or by one that nobody can mistake.

    Raises:
        Unparsed: it has another form, or is no date.
    """
    there = _instant(text, (form, *_CLEAR))
    if there is None:
        raise Unparsed(f"no date of the form {form}")
    return there.date().isoformat()


def time_format_of(text: str) -> str | None:
    """The form that a printed instant has, None if it is none."""
    return next((form for form in TIME_FORMATS if _instant(text, (form,))), None)


def time_of(text: str, form: str) -> str:
    """A printed instant as ISO 8601 has it, to the minute; it is local, as the log is.

    Raises:
        Unparsed: it has another form, or is none.
    """
    there = _instant(text, (form,))
    if there is None:
        raise Unparsed(f"no time of the form {form}")
    return there.isoformat(timespec="minutes" if not there.second else "seconds")


def _instant(text: str, forms: Iterable[str]) -> datetime | None:
    for form in forms:
        try:
            there = datetime.strptime(_spaced(text), form)  # noqa: DTZ007
        except ValueError:
            continue
        if 1900 <= there.year <= 2199:
            return there
    return None


def _spaced(text: str) -> str:
    text = re.sub(r"(?<=[A-Za-z]{3})(?=\d)|(?<=\d,)(?=\d{4}$)", " ", re.sub(r"\s+,", ",", text))
    return (
        re.sub(r"\s*([/\-.])\s*(?=\d)", r"\1", " ".join(text.split()))
        if re.search(r"\d\s*[/\-]", text)
        else " ".join(text.split())
    )


def degrees_of(text: str, kind: Type) -> Decimal:
    """A coordinate in signed decimal degrees, to six places.

    Raises:
        Unparsed: it is none, or lies off the globe.
    """
    said = " ".join(text.split())
    dms = _DMS.match(said)
    found = dms or _DEGREES.match(said)
    if not found:
        raise Unparsed("no coordinate")
    degrees = Decimal(found["d"])
    if dms:
        minutes, seconds = Decimal(dms["m"]), Decimal(dms["s"])
        if minutes >= 60 or seconds >= 60:
            raise Unparsed("minutes or seconds of 60 and more")
        degrees += minutes / 60 + seconds / 3600
    side = (found["hemisphere"] or found["side"] or "").upper()
    if side and (side in "NS") is (kind == "longitude"):
        raise Unparsed(f"{side} is no side of a {kind}")
    if degrees > (90 if kind == "latitude" else 180):
        raise Unparsed("off the globe")
    negative = side in ("S", "W") if side else found["sign"] in ("-", "−") and bool(found["sign"])
    return (-degrees if negative else degrees).quantize(Decimal("0.000001"))


def shape_of(text: str) -> str:
    """A text's shape: capitals A, small letters a, digits 9, marks as they are."""
    return "".join("9" if one.isdigit() else "A" if one.isupper() else "a" if one.isalpha() else one for one in text)
