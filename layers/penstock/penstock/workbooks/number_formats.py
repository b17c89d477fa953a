"""What a cell with a number shows (ECMA-376 Part 1, §18.8.30 `numFmt`, §18.8.31): the format decides what was meant.

A number is text by the time a feed reads it, so what it shows is what counts: 123 as `00000` is 00123. But nobody means
that a number loses its digits, or that a reader has to guess which part of a date is the month:

    numbers   with the digits and the texts of the format; without currency signs and groups of thousands, and with a
              minus sign in front, however the format tells what is negative
    General   whole, however narrow the cell; so is what a format would show by a power of ten, or in thousands
    dates     as ISO 8601, with those of date and time that the format shows; hours beyond a day where it counts them
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

#: §18.8.30: the formats that every program has and no file needs to spell out, as far as they are not General. Those
#: from 27 to 36 and from 50 to 58 are dates of East Asian languages.
BUILTIN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;[Red](#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
} | dict.fromkeys([*range(27, 37), *range(50, 59)], "yyyy-mm-dd")  # fmt: skip

LONGEST = 255  #: characters of a format; §18.8.30 has no bound, the programs do
DIGITS = 15  #: that a double keeps of every decimal number, and spreadsheets show
_HUGE = 400  #: powers of ten beyond every double: no number of a spreadsheet

_AS_DOUBLE, _WIDE = Context(prec=DIGITS, rounding=ROUND_HALF_UP), Context(prec=3 * _HUGE, rounding=ROUND_HALF_UP)

_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001 -- a sheet's days have no zone
_LAST_DAY = 2_958_465  #: 9999-12-31, §18.17.4.1
_DAY = 86_400

_PART = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]?|(?P<ampm>AM/PM|A/P)|(?P<general>General)'
    r"|(?P<power>E[+-])|(?P<letters>[ymdhs]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[0-9.]+)")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_CURRENCY = "$€£¥"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a cell shows; `less` says that it holds more than that: digits that were rounded away, or a day."""

    text: str
    less: bool = False


type Show = Callable[[str], Shown]
"""Shows the text of a number, as the file has it."""


def show_of(code: str, *, since_1904: bool) -> Show:
    """How numbers are shown by a format; `since_1904` says from when the workbook counts days (§18.17.4.1)."""
    sections = [_Section(one) for one in _split(code[:LONGEST])] or [_Section("General")]

    def show(text: str) -> Shown:
        number = _number(text)
        if number is None:
            return Shown(text)
        section = _section_for(sections, number)
        if section.is_date:
            return section.date(number, since_1904) or Shown(_whole(number))
        return section.number(number)

    return show


def _number(text: str) -> Decimal | None:
    """The number as a spreadsheet knows it: a fraction with the digits that a double keeps, a whole number with all
    that were written."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _HUGE:
        return None
    is_written_whole = text.strip().lstrip("+-").isdigit()
    return number if is_written_whole else number.normalize(_AS_DOUBLE)


def loses_digits(text: str) -> bool:
    """Whether this is a whole number of which a spreadsheet has kept the first digits alone: it writes such a one with
    an exponent, where a program that knows them all writes them."""
    if len(text.partition(".")[0].lstrip(" +-")) <= DIGITS and "E" not in text.upper():
        return False  # as nearly all times of day are: long, and no whole numbers
    number = _number(text)
    return number is not None and abs(number) >= 10**DIGITS and not text.strip().lstrip("+-").isdigit()


def _whole(number: Decimal) -> str:
    """All digits, and no power of ten."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _split(code: str) -> list[str]:
    """The sections of a format: for positive and negative numbers, for zero, and for texts."""
    sections, begin = list[str](), 0
    for part in _PART.finditer(code):
        if part.group() == ";":
            sections.append(code[begin : part.start()])
            begin = part.end()
    return [*sections, code[begin:]] if code else []


def _section_for(sections: Sequence["_Section"], number: Decimal) -> "_Section":
    chosen = sections[0]
    if any(one.holds for one in sections):
        chosen = next((one for one in sections if one.holds is None or one.holds(number)), chosen)
    elif number < 0 and len(sections) > 1:
        chosen = sections[1]
    elif not number and len(sections) > 2:
        chosen = sections[2]
    # A section of nothing, or of signs such as a dash, hides the number, or is a picture of it.
    return chosen if chosen.says_something else sections[0]


class _Section:
    """One part of a format, taken apart."""

    def __init__(self, code: str) -> None:
        self.holds: Callable[[Decimal], bool] | None = None
        self.tokens: list[tuple[str, str]] = []  # (kind, text): a digit's place, a point, a text
        self.letters = ""
        self.elapsed = ""
        self._whole = False
        for part in _PART.finditer(code):
            self._take(part)
        date = self.letters.replace("a", "")
        self.is_date = bool(date or self.elapsed) and not any(kind == "digit" for kind, _ in self._before_seconds())
        self.percent = sum(kind == "percent" for kind, _ in self.tokens)
        self._digits = any(kind == "digit" for kind, _ in self.tokens)
        self._places = self._places_behind_point()
        self._plain = re.fullmatch(r"[#?,]*(0*)(?:\.(0*))?", "".join(text for _, text in self.tokens))

    def _take(self, part: re.Match[str]) -> None:
        kind, text = part.lastgroup, part.group()
        if kind in ("quoted", "escaped"):
            self.tokens.append(("text", part[kind]))
        elif kind == "bracket":
            self._take_bracket(part["bracket"])
        elif kind == "letters":
            self.letters += text.lower()
            self.tokens.append(("letters", text))
        elif kind == "ampm":
            self.letters += "a"
        elif kind in ("general", "power") or text == "/":
            # A fraction, or a power of ten: the number itself says more.
            self._whole |= not self.letters
        elif text in "0#?":
            self.tokens.append(("digit", text))
        elif text == ".":
            self.tokens.append(("point", text))
        elif text == ",":
            self.tokens.append(("comma", text))
        elif text == "%":
            self.tokens.append(("percent", text))
        elif text != "@" and kind == "other":
            self.tokens.append(("text", text))

    def _take_bracket(self, inner: str) -> None:
        condition = _CONDITION.fullmatch(inner)
        if condition:
            self.holds = _condition(condition[1], Decimal(condition[2]) if _number(condition[2]) is not None else None)
        elif _ELAPSED.fullmatch(inner):
            self.elapsed += inner.lower()

    def _before_seconds(self) -> list[tuple[str, str]]:
        """The tokens but for those of fractions of a second, which are written as digits are."""
        if "s" not in self.letters + self.elapsed:
            return self.tokens
        points = [at for at, (kind, _) in enumerate(self.tokens) if kind == "point"]
        return self.tokens[: points[0]] if points else self.tokens

    @property
    def says_something(self) -> bool:
        """Whether it shows a number, or words in its place."""
        words = any(kind == "text" and any(map(str.isalnum, text)) for kind, text in self.tokens)
        digits = any(kind == "digit" and text in "0#" for kind, text in self.tokens)
        return self.is_date or self._whole or digits or words

    def date(self, number: Decimal, since_1904: bool) -> Shown | None:
        """The number as a moment; None where it is none."""
        if not 0 <= number <= _LAST_DAY:
            return None
        seconds = int((number * _DAY).to_integral_value(ROUND_HALF_UP))
        if self.elapsed:
            hours, rest = divmod(seconds, 3600)
            return Shown(f"{hours:02}:{rest // 60:02}:{rest % 60:02}")
        days, within = divmod(seconds, _DAY)
        clock = f"{within // 3600:02}:{within // 60 % 60:02}:{within % 60:02}"
        shows_time = not {"h", "s"}.isdisjoint(self.letters)
        if shows_time and {"y", "d"}.isdisjoint(self.letters):
            return Shown(clock, less=days > 0)
        day = _day(days, since_1904)
        if day is None:
            return None
        return Shown(f"{day}T{clock}" if shows_time else day, less=not shows_time and within > 0)

    def number(self, number: Decimal) -> Shown:
        """The number by the digits and texts of the format."""
        if self._whole or self._counts_in_thousands or not (self._digits or self._words):
            return Shown(_whole(number))
        if not self._digits:
            return Shown(self._words, less=True)
        scaled = _WIDE.multiply(number, Decimal(100**self.percent))
        shown = _WIDE.quantize(scaled, Decimal(1).scaleb(-self._places))
        whole, _, fraction = format(abs(shown), "f").partition(".")
        text = self._laid_out(whole, fraction)
        return Shown(f"-{text}" if shown < 0 else text, less=shown != scaled)

    def _places_behind_point(self) -> int:
        kinds = [kind for kind, _ in self.tokens]
        return kinds[kinds.index("point") :].count("digit") if "point" in kinds else 0

    @property
    def _words(self) -> str:
        return "".join(text for kind, text in self.tokens if kind == "text").strip()

    @property
    def _counts_in_thousands(self) -> bool:
        """A comma behind the last digit divides by a thousand."""
        kinds = [kind for kind, _ in self.tokens if kind in ("digit", "comma")]
        return kinds[-1:] == ["comma"]

    def _laid_out(self, whole: str, fraction: str) -> str:
        """Digits in their places, with the texts between them."""
        if self._plain:
            whole = whole.lstrip("0").rjust(len(self._plain[1]), "0") or "0"
            return f"{whole}.{fraction}" if fraction else whole
        kinds = [kind for kind, _ in self.tokens]
        point = kinds.index("point") if "point" in kinds else len(kinds)
        before, behind = _before(self.tokens[:point], whole), _behind(self.tokens[point + 1 :], fraction)
        return (before + ("." if behind[:1].isdigit() else "") + behind).strip()


def _before(tokens: Sequence[tuple[str, str]], whole: str) -> str:
    """Digits fill their places from the right; those that have none go to the first."""
    laid, left = list[str](), list(whole.lstrip("0"))
    places = sum(kind == "digit" for kind, _ in tokens)
    for kind, text in reversed(tokens):
        if kind != "digit":
            laid.append(_as_text(kind, text))
            continue
        places -= 1
        digits = left if not places else left[-1:]
        laid.append("".join(digits) or text.strip("#?"))
        left = left[: len(left) - len(digits)]
    return "".join(reversed([*laid, *left])).removeprefix("-") if any(laid) or left else "0"


def _behind(tokens: Sequence[tuple[str, str]], fraction: str) -> str:
    """Digits fill their places from the left; zeros at the end only those that ask for one."""
    places = [text for kind, text in tokens if kind == "digit"]
    asked = max((at for at, text in enumerate(places, 1) if text == "0"), default=0)
    digits = iter(fraction[: max(asked, len(fraction.rstrip("0")))])
    return "".join(next(digits, "") if kind == "digit" else _as_text(kind, text) for kind, text in tokens)


def _as_text(kind: str, text: str) -> str:
    """What a token that is no digit shows; signs and brackets are told by a minus sign in front."""
    if kind == "percent":
        return "%"
    return "" if kind != "text" or text in _CURRENCY or text in "()+" else text


def _day(days: int, since_1904: bool) -> str | None:
    """The date of a day's number; None where there was none. Lotus took 1900 for a leap year, and everybody after it
    does: the numbers before March are one later, and day 60 never was."""
    if not since_1904 and days in (0, 60):
        return None
    moment = _EPOCHS[since_1904] + timedelta(days=days + (not since_1904 and days < 60))
    return moment.date().isoformat()


def _condition(sign: str, bound: Decimal | None) -> Callable[[Decimal], bool] | None:
    if bound is None:
        return None
    compare: dict[str, Callable[[Decimal], bool]] = {
        "<": lambda number: number < bound,
        "<=": lambda number: number <= bound,
        ">": lambda number: number > bound,
        ">=": lambda number: number >= bound,
        "=": lambda number: number == bound,
        "<>": lambda number: number != bound,
    }
    return compare[sign]
