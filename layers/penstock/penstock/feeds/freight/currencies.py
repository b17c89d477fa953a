"""Currencies and their smallest units (ISO 4217, list one, as of 2026). Precious metals, drawing rights and the codes
for tests and for none have no such unit, and no invoice is in them."""

from decimal import Decimal
from functools import cache

from penstock.feeds.freight.defects import Defective

_BY_UNITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
    CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN
    NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
    SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

MINOR_UNITS: dict[str, int] = {code: units for units, codes in _BY_UNITS.items() for code in codes.split()}
"""Decimal places of a currency's amounts, by its code."""

CENT = Decimal("0.01")


@cache
def smallest_unit(currency: str | None) -> Decimal:
    """The smallest amount of a currency; a hundredth where the document names none.

    >>> smallest_unit("JPY"), smallest_unit("KWD"), smallest_unit(None)
    (Decimal('1'), Decimal('0.001'), Decimal('0.01'))
    """
    return CENT if currency is None else Decimal(1).scaleb(-MINOR_UNITS[currency])


def require_currency(code: str, field: str, rule: str | None = None) -> str:
    """The code. `rule` is how the document's own standard calls what is wrong with another.

    Raises:
        Defective: `freight.currency_unknown`.
    """
    if code not in MINOR_UNITS:
        raise Defective(
            "currency_unknown", field, "the currency is none of ISO 4217's; write its code of three letters", rule
        )
    return code
