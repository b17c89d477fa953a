"""What each form may say: its words for the work, its authority, and how it writes a date.

FAA       FAA Order 8130.21H (Form 8130-3, 02-14)
EASA      Regulation (EU) 1321/2014, Part-M Appendix II; for new items Regulation (EU) 748/2012, Part-21 Appendix I
CAAC      AC-145-4, AAC-038
TCCA      CAR Standard 571 Appendix J, Form One
UK CAA    CAA Form 1: UK Regulation (EU) 1321/2014 as retained, Part-M Appendix II
ANAC      RBAC 43; Form F-100-01 (SEGVOO 003)

The words of CAAC's, TCCA's and ANAC's stand in no source that we could read whole: every word that one of the first two
has is taken there, and their dates in either's way. The UK's form is EASA's under another name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from penstock.feeds.mro.record import FormType

FAA, EASA, CAAC, TCCA = "FAA_8130-3", "EASA_FORM_1", "CAAC_AAC-038", "TCCA_FORM_ONE"
UK, ANAC = "UK_CAA_FORM_1", "ANAC_F-100-01"

NEW = frozenset({"NEW", "PROTOTYPE"})
"""The words of a release from production. Any other is of maintenance."""

_SLASHED = re.compile(r"(\d{2})/([A-Z]{3})/(\d{4})", re.IGNORECASE)
_SPACED = re.compile(r"(\d{2}) ([A-Z]{3}) (\d{4})", re.IGNORECASE)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class Form:
    """One form. `together` are words that it may bear at once; `authority` finds its own in block 1."""

    words: frozenset[str]
    together: frozenset[str]
    authority: re.Pattern[str]
    dates: tuple[re.Pattern[str], ...]


_FAA_WORDS = NEW | {"OVERHAULED", "REPAIRED", "INSPECTED", "TESTED", "MODIFIED", "ALTERED", "REBUILT", "RETREADED"}
_EASA_WORDS = NEW | {"OVERHAULED", "REPAIRED", "INSPECTED/TESTED", "MODIFIED"}
_BOTH = frozenset({"INSPECTED", "TESTED"})

FORMS: Mapping[FormType, Form] = {
    FAA: Form(
        _FAA_WORDS, _BOTH, re.compile(r"\b(FAA|FEDERAL AVIATION ADMINISTRATION|UNITED STATES|USA)\b"), (_SLASHED,)
    ),
    # Of the many authorities under EASA's rules it is easier to say which are not.
    EASA: Form(
        _EASA_WORDS,
        frozenset(),
        re.compile(r"^(?!.*\b(FAA|FEDERAL AVIATION|UNITED STATES|USA|CAAC|CHINA|TCCA|CANADA)\b)"),
        (_SPACED,),
    ),
    CAAC: Form(_FAA_WORDS | _EASA_WORDS, _BOTH, re.compile(r"\b(CAAC|CHINA)\b"), (_SLASHED, _SPACED)),
    UK: Form(_EASA_WORDS, frozenset(), re.compile(r"\b(CAA|UK|UNITED KINGDOM|GREAT BRITAIN)\b"), (_SPACED,)),
    ANAC: Form(_FAA_WORDS | _EASA_WORDS, _BOTH, re.compile(r"\b(ANAC|BRAZIL|BRASIL)\b"), (_SLASHED, _SPACED)),
    TCCA: Form(_FAA_WORDS | _EASA_WORDS, _BOTH, re.compile(r"\b(TCCA|TRANSPORT|CANADA)\b"), (_SLASHED, _SPACED)),
}

_SEPARATOR = re.compile(r"\s*(?:[/,&]|\bAND\b)\s*")
_ALSO = re.compile(r"\s*\((?:ALTERED|MODIFIED)\)$")


# Of both there are few different ones, and each record's are asked for several times.


@lru_cache(4096)
def may_bear(form_type: FormType, status: str) -> bool:
    """Whether block 11 of the form may say so: one word, or those that go together."""
    form, status = FORMS[form_type], _ALSO.sub("", status)
    if status in form.words:
        return True
    return bool(form.together) and frozenset(_SEPARATOR.split(status)) == form.together


@lru_cache(4096)
def block_date(form_type: FormType, text: str) -> date | None:
    """The day that a date of block 13e or 14e names, None where the form does not write it so, or there is no such
    day."""
    for way in FORMS[form_type].dates:
        found = way.fullmatch(text)
        if found and found[2].upper() in _MONTHS:
            try:
                return date(int(found[3]), _MONTHS.index(found[2].upper()) + 1, int(found[1]))
            except ValueError:
                return None
    return None
