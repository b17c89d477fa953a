"""What an operator demands beyond the standards: data, never code."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field, with_config

from penstock.feeds.freight.kinds import CLAIMS, Action, Kind, Purpose

type Share = Annotated[Decimal, Field(ge=0, le=1)]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Policy:
    """How one payer takes invoices: `deliver`, `hold` or `reject`.

    `kinds`: by what the document is. New claims for money are delivered unless it says otherwise; what reverses,
    corrects or only offers, and what is unknown, is held. `purposes`: by what it was sent for. The original is
    delivered; a copy, correction, cancellation or draft is held. `test`: test data. `perhaps_again`: an invoice that
    may have come before under another number or date. The strictest word counts. `first_of_template`: so many documents
    that a new version of a template reads are held, whatever is found of them. `pdf_share` and `edi_share`: the shares
    of an archive's files above which it is told as one of PDFs, else as one of EDI; else it is one of XML. Each file
    goes by what is in it, whatever is told.
    """

    kinds: dict[Kind, Action] = field(default_factory=dict[Kind, Action])
    purposes: dict[Purpose, Action] = field(default_factory=dict[Purpose, Action])
    test: Action = "hold"
    perhaps_again: Action = "hold"
    pdf_share: Share = Decimal("0.6")
    edi_share: Share = Decimal("0.3")
    first_of_template: Annotated[int, Field(ge=0, le=100)] = 20

    def of_kind(self, kind: Kind) -> Action:
        """What becomes of a document of this kind."""
        return self.kinds.get(kind, "deliver" if kind in CLAIMS else "hold")

    def of_purpose(self, purpose: Purpose) -> Action:
        """What becomes of a document that was sent for this."""
        return self.purposes.get(purpose, "deliver" if purpose == "original" else "hold")
