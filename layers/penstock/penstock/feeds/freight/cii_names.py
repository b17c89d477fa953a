"""The names of the Cross Industry Invoice that are read, each in its own namespace (UN/CEFACT D16B, as EN 16931-3-3,
Factur-X 1 and ZUGFeRD 2 have it)."""

from penstock.formats.xml_names import Vocabulary, meant_in

_STANDARD = "urn:un:unece:uncefact:data:standard"
_MESSAGE = f"{_STANDARD}:CrossIndustryInvoice:100"
_AGGREGATE = f"{_STANDARD}:ReusableAggregateBusinessInformationEntity:100"
_UNQUALIFIED = f"{_STANDARD}:UnqualifiedDataType:100"
_QUALIFIED = f"{_STANDARD}:QualifiedDataType:100"

ROOT = f"{{{_MESSAGE}}}CrossIndustryInvoice"
"""The document's element."""

_AGGREGATED = """
    ActualAmount ActualDeliverySupplyChainEvent ActualDiscountAmount AdditionalReferencedDocument
    AllowanceTotalAmount ApplicableHeaderTradeAgreement ApplicableHeaderTradeDelivery
    ApplicableHeaderTradeSettlement ApplicableTradePaymentDiscountTerms ApplicableTradeTax AppliedAmount
    AppliedTradeAllowanceCharge AppliedTradeTax AssociatedDocumentLineDocument BasisAmount BasisDateTime
    BasisPeriodMeasure BasisQuantity BilledQuantity BillingSpecifiedPeriod
    BusinessProcessSpecifiedDocumentContextParameter BuyerAssignedID BuyerOrderReferencedDocument BuyerReference
    BuyerTradeParty CalculatedAmount CalculationPercent CategoryCode CategoryTradeTax ChargeAmount ChargeIndicator
    ChargeTotalAmount CityName Content ContractReferencedDocument CopyIndicator CountryID CountrySubDivisionName
    CreditorReferenceID DeliveryNoteReferencedDocument Description DespatchAdviceReferencedDocument DueDateDateTime
    DuePayableAmount EndDateTime FormattedIssueDateTime GlobalID GrandTotalAmount GrossPriceProductTradePrice
    GuidelineSpecifiedDocumentContextParameter IBANID ID IncludedNote IncludedSupplyChainTradeLineItem
    InvoiceCurrencyCode InvoiceReferencedDocument InvoiceeTradeParty IssueDateTime IssuerAssignedID LineID LineOne
    LineStatusReasonCode LineThree LineTotalAmount LineTwo Name NetPriceProductTradePrice OccurrenceDateTime
    ParentLineID PayeePartyCreditorFinancialAccount PayeeTradeParty PaymentReference PostalTradeAddress PostcodeCode
    ProprietaryID PurposeCode RateApplicablePercent Reason ReasonCode ReceivableSpecifiedTradeAccountingAccount
    ReceivingAdviceReferencedDocument RoundingAmount SellerAssignedID SellerOrderReferencedDocument
    SellerTaxRepresentativeTradeParty SellerTradeParty ShipFromTradeParty ShipToTradeParty
    SpecifiedLegalOrganization SpecifiedLineTradeAgreement SpecifiedLineTradeDelivery SpecifiedLineTradeSettlement
    SpecifiedLogisticsServiceCharge SpecifiedProcuringProject SpecifiedTaxRegistration SpecifiedTradeAllowanceCharge
    SpecifiedTradePaymentTerms SpecifiedTradeProduct SpecifiedTradeSettlementHeaderMonetarySummation
    SpecifiedTradeSettlementLineMonetarySummation SpecifiedTradeSettlementPaymentMeans StartDateTime
    TaxBasisTotalAmount TaxCurrencyCode TaxTotalAmount TestIndicator TotalPrepaidAmount TypeCode
    UltimateShipToTradeParty
"""

AGGREGATED, UNQUALIFIED = tuple(_AGGREGATED.split()), ("DateString", "DateTimeString", "Indicator")
"""What is read of the library of entities, and of its types."""

VOCABULARY = Vocabulary(
    own=frozenset({_MESSAGE, _AGGREGATE, _UNQUALIFIED, _QUALIFIED}),
    meant=meant_in(
        {
            _MESSAGE: ("ExchangedDocument", "ExchangedDocumentContext", "SupplyChainTradeTransaction"),
            _AGGREGATE: AGGREGATED,
            _UNQUALIFIED: UNQUALIFIED,
            _QUALIFIED: ("DateTimeString",),
        }
    ),
)
"""CII has no place for anybody's elements."""

_AGREED = """
    AdditionalReferencedDocument BuyerOrderReferencedDocument BuyerReference BuyerTradeParty
    ContractReferencedDocument SellerOrderReferencedDocument SellerTaxRepresentativeTradeParty SellerTradeParty
    SpecifiedProcuringProject
"""
_DELIVERED = """
    ActualDeliverySupplyChainEvent DeliveryNoteReferencedDocument DespatchAdviceReferencedDocument
    ReceivingAdviceReferencedDocument ShipFromTradeParty ShipToTradeParty UltimateShipToTradeParty
"""
_SETTLED = """
    ApplicableTradeTax BillingSpecifiedPeriod CreditorReferenceID InvoiceCurrencyCode InvoiceReferencedDocument
    InvoiceeTradeParty PayeeTradeParty PaymentReference ReceivableSpecifiedTradeAccountingAccount
    SpecifiedLogisticsServiceCharge SpecifiedTradeAllowanceCharge SpecifiedTradePaymentTerms
    SpecifiedTradeSettlementHeaderMonetarySummation SpecifiedTradeSettlementPaymentMeans
"""
READ = {
    "ApplicableHeaderTradeAgreement": frozenset(_AGREED.split()),
    "ApplicableHeaderTradeDelivery": frozenset(_DELIVERED.split()),
    "ApplicableHeaderTradeSettlement": frozenset(_SETTLED.split()),
    "ExchangedDocument": frozenset({"CopyIndicator", "ID", "IncludedNote", "IssueDateTime", "PurposeCode", "TypeCode"}),
}
"""The children of the document's parts that are read; the others are told."""
