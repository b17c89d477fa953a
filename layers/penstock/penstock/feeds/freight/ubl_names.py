"""The names of UBL 2.0 to 2.4 that are read, each in its own namespace, which all these versions share (OASIS UBL 2.1,
§3.1 and annex A)."""

from penstock.formats.xml_names import Vocabulary, meant_in

_SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd"
BASIC = f"{_SCHEMA}:CommonBasicComponents-2"
AGGREGATE = f"{_SCHEMA}:CommonAggregateComponents-2"
_EXTENSION = f"{_SCHEMA}:CommonExtensionComponents-2"

ROOTS = tuple(f"{{{_SCHEMA}:{name}-2}}{name}" for name in ("Invoice", "CreditNote", "FreightInvoice"))
"""The documents' elements."""

_BASIC = """
    AccountingCost ActualDeliveryDate AdditionalStreetName AllowanceChargeReason AllowanceChargeReasonCode
    AllowanceTotalAmount Amount BaseAmount BaseQuantity BuildingNumber BuyerReference CarrierAssignedID
    ChargeIndicator ChargeTotalAmount CityName CompanyID CopyIndicator CountrySubentity CountrySubentityCode
    CreditNoteTypeCode CreditedQuantity CustomizationID Description DocumentCurrencyCode DueDate EndDate EndpointID
    FreeOfChargeIndicator FreightRateClassCode GrossWeightMeasure ID IdentificationCode InstallmentDueDate
    InvoiceTypeCode InvoicedQuantity IssueDate IssueTime Line LineExtensionAmount MultiplierFactorNumeric Name Note
    PaidAmount PayableAmount PayableRoundingAmount PaymentDueDate PaymentID PaymentMeansCode PaymentPercent Percent
    PostalZone PrepaidAmount PriceAmount PricingCurrencyCode ProfileExecutionID ProfileID RegistrationName
    RoundingAmount SalesOrderID SettlementDiscountAmount SettlementDiscountPercent StartDate StreetName TaxAmount
    TaxCurrencyCode TaxExclusiveAmount TaxInclusiveAmount TaxPointDate TaxableAmount TransportModeCode UBLVersionID
    UUID
"""
_AGGREGATE = """
    AccountingCustomerParty AccountingSupplierParty AdditionalDocumentReference Address AddressLine AllowanceCharge
    BillingReference BuyerCustomerParty BuyersItemIdentification CarrierParty ClassifiedTaxCategory Consignment
    ContractDocumentReference Country CreditNoteDocumentReference CreditNoteLine DebitNoteDocumentReference Delivery
    DeliveryAddress DeliveryLocation DeliveryParty DespatchDocumentReference DocumentReference FreightInvoiceLine
    InvoiceDocumentReference InvoiceLine InvoicePeriod Item LegalMonetaryTotal OrderLineReference OrderReference
    OriginatorDocumentReference Party PartyIdentification PartyLegalEntity PartyName PartyTaxScheme
    PayeeFinancialAccount PayeeParty PaymentMeans PaymentTerms PostalAddress PrepaidPayment Price ProjectReference
    ReceiptDocumentReference ReminderDocumentReference SelfBilledCreditNoteDocumentReference
    SelfBilledInvoiceDocumentReference SellerSupplierParty SellersItemIdentification SettlementPeriod Shipment
    ShipmentStage StandardItemIdentification SubCreditNoteLine SubInvoiceLine TaxCategory TaxRepresentativeParty
    TaxScheme TaxSubtotal TaxTotal WithholdingTaxTotal
"""

VOCABULARY = Vocabulary(
    own=frozenset({BASIC, AGGREGATE, _EXTENSION}),
    meant=meant_in({BASIC: _BASIC.split(), AGGREGATE: _AGGREGATE.split()}),
    aside=frozenset({f"{{{_EXTENSION}}}UBLExtensions"}),
)
"""Extensions hold anybody's elements, and are not read (UBL 2.1, §3.3.3)."""

_TOP = """
    AccountingCost AccountingCustomerParty AccountingSupplierParty AdditionalDocumentReference AllowanceCharge
    BillingReference BuyerCustomerParty BuyerReference ContractDocumentReference CopyIndicator CreditNoteLine
    CreditNoteTypeCode CustomizationID Delivery DespatchDocumentReference DocumentCurrencyCode DueDate
    FreightInvoiceLine ID InvoiceLine InvoicePeriod InvoiceTypeCode IssueDate IssueTime LegalMonetaryTotal Note
    OrderReference OriginatorDocumentReference PayeeParty PaymentMeans PaymentTerms PrepaidPayment
    ProfileExecutionID ProfileID ProjectReference ReceiptDocumentReference SellerSupplierParty Shipment TaxPointDate
    TaxRepresentativeParty TaxTotal UBLVersionID UUID WithholdingTaxTotal
"""
READ = frozenset(_TOP.split())
"""The document's own children that are read; the others are told."""
