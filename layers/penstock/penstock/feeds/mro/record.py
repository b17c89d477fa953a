"""What a removal or an installation says: the mro feed's canonical fields.

The certificate's blocks are called by what they hold. A number would be no name: block 11 is the status on FAA Form
8130-3 (02-14) and on EASA Form 1, and the serial number on the 8130-3 before 2014 and on AAC-038.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Required, TypedDict

from pydantic import ConfigDict, Field, StringConstraints, with_config

from penstock.feeds.written import DAY, FLAG, PLAIN, WHOLE, Numbered

type Word = Annotated[str, Numbered, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
type Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8000)]

type FormType = Literal["FAA_8130-3", "EASA_FORM_1", "CAAC_AAC-038", "TCCA_FORM_ONE", "UK_CAA_FORM_1", "ANAC_F-100-01"]
"""The authorised release certificate that the component came with."""

type PartNumber = Annotated[
    str, Numbered, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z0-9](?:[A-Z0-9 ./#()&+_-]{0,30}[A-Z0-9)])?$")
]
"""Capital letters and digits, with the marks that makers put between them; 32 characters at most."""

type SerialNumber = Annotated[
    str, Numbered, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z0-9](?:[A-Z0-9 ./#()&+_-]{0,30}[A-Z0-9)])?$")
]
"""As a part number; exactly N/A where the item bears none (Part-M Appendix II, block 10)."""

type Status = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z][A-Z ,/&()]{1,62}$")]
"""In capitals; which words a form may bear depends on the form."""

type Registration = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z0-9]{1,3}-?[A-Z0-9]{1,7}$")]
"""Nationality mark and registration (ICAO Annex 7). Loose: files of the FAA leave the N off."""

type Ata = Annotated[
    str, Numbered, StringConstraints(strip_whitespace=True, pattern=r"^\d{2}(?:-?\d{2}(?:-?\d{2})?)?$")
]
"""ATA chapter, perhaps with section and subject; the FAA's JASC code is four digits of it."""

type Day = Annotated[date, Field(ge=date(1980, 1, 1)), DAY]
"""No older: exports write 1970-01-01 or 1900-01-01 where they know nothing."""

type Hours = Annotated[Decimal, Field(ge=0, le=500_000, max_digits=9, decimal_places=3), *PLAIN]
"""Time in service (14 CFR 1.1). Half a million hours are more than 57 years in the air."""

type Cycles = Annotated[int, Field(ge=0, le=500_000), WHOLE]

type Confidence = Annotated[Decimal, Field(ge=0, le=1, decimal_places=6), *PLAIN]
"""0 to 1."""

type BlockDate = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16)]
"""As the form has it: dd/mmm/yyyy on FAA Form 8130-3, dd mmm yyyy on EASA Form 1."""

type Flag = Annotated[bool, FLAG]

type DesignData = Literal["approved", "non_approved"]
"""Which box of block 13a is marked."""

type ReleaseBasis = Literal["own", "other", "both"]
"""Which boxes of block 14a are marked: the form's own regulation (14 CFR 43.9; Part-145.A.50), another that block 12
names, or both."""


@with_config(ConfigDict(str_strip_whitespace=True, extra="ignore", hide_input_in_errors=True))
class ComponentRecord(TypedDict, total=False):
    """One component taken off an aircraft, or put on one, and the certificate it was released by.

    `removal_date` is the day it came off; of an installation, the day that what is installed came off before, or where
    it is new, what it replaces. `completion_date` is the day the work on it was completed (14 CFR 43.9(a)(2)),
    `submitted_on` the day the record was reported. `temporary` removals are those of 14 CFR 43.10(b). `corrects` is the
    tracking number of a certificate that this one corrects, `items` the number of lines on it. `ocr_confidence` is the
    lowest of any field that was read from paper.
    """

    event: Literal["removal", "installation"]
    revision: Annotated[int, Field(ge=0, le=1_000_000_000), WHOLE]
    control_number: Word | None
    submitted_on: Day | None

    form_type: Required[FormType]
    authority: Word | None  # block 1
    form_tracking_number: Word | None  # 3
    organisation: Text | None  # 4
    work_order: Word | None  # 5
    item: Annotated[int, Field(ge=1, le=100_000), WHOLE] | None  # 6
    items: Annotated[int, Field(ge=1, le=100_000), WHOLE] | None
    description: Text | None  # 7
    part_number: PartNumber | None  # 8
    quantity: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] | None  # 9
    component_sn: Required[SerialNumber]  # 10
    cert_status: Required[Status]  # 11
    remarks: Text | None  # 12
    corrects: Word | None
    design_data: DesignData | None  # 13a
    production_signature: Word | None  # 13b
    production_approval: Word | None  # 13c
    production_name: Word | None  # 13d
    production_date: BlockDate | None  # 13e
    release_basis: ReleaseBasis | None  # 14a
    release_signature: Word | None  # 14b
    release_certificate: Word | None  # 14c
    release_name: Word | None  # 14d
    release_date: BlockDate | None  # 14e

    removal_date: Required[Day]
    installation_date: Day | None
    completion_date: Day | None
    registration: Registration | None
    position: Word | None
    ata: Ata | None
    reason: Text | None
    temporary: Flag | None

    hours_since_new: Hours | None
    cycles_since_new: Cycles | None
    hours_since_overhaul: Hours | None
    cycles_since_overhaul: Cycles | None
    life_limited: Flag | None
    life_limit_hours: Hours | None
    life_limit_cycles: Cycles | None
    life_expires_on: Day | None

    ocr_confidence: Confidence | None
