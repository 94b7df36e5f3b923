"""clients: who the tenant does business with, how they are reached, and where they stand."""

# ruff: noqa: I001 - several names to a line, as in __all__
from messages.clients.checks import (
    BillingPeriodDates, BillingPeriods, ComputeBillingPeriods, IdentifierCheck, ValidateBic, ValidateIban, ValidateSiren,
    ValidateSiret, ValidateVat,
)  # fmt: skip
from messages.clients.client import (
    AddressDraft, ArchiveClient, AssignOwner, BusinessProfile, Client, ClientAddress, ClientFlags, ClientSnapshot,
    ContactPoint, CreateClient, CustomFields, FirstConsent, GetClient, PreferenceRef, RestoreClient, Tag,
    UpdateBusinessProfile, UpdateClient,
)  # fmt: skip
from messages.clients.contact import (
    AddContactPerson, CheckContactPermission, ContactChannel, ContactDenial, ContactPermission, ContactPerson,
    ContactPersonPage, ContactPurpose, ContactRole, ListContactPersons, RemoveContactPerson, UpdateContactPerson,
)  # fmt: skip
from messages.clients.dictionaries import (
    SETTINGS_OF, BillingIssuer, BillingModeRetired, BillingModeSaved, BillingPeriodRetired, BillingPeriodSaved, BillingScope,
    ClientStatusDefinitionRetired, ClientStatusDefinitionSaved, ComputeDueDate, CreateDictionaryEntry, CreatePaymentTerm,
    DictionaryCode, DictionaryEntries, DictionaryEntry, DictionaryKind, DictionarySettings, DueDate, GetDictionaryEntry,
    GetPaymentTerm, InvoiceIssueModeRetired, InvoiceIssueModeSaved, IssueChannel, ListDictionary, ListPaymentTerms,
    PaymentTerm, PaymentTermPage, PaymentTermRetired, PaymentTermSaved, RetireDictionaryEntry, RetirePaymentTerm,
    TermAudience, UpdateDictionaryEntry, UpdatePaymentTerm,
)  # fmt: skip
from messages.clients.duplicates import DuplicateMatch, DuplicateMatches
from messages.clients.events import (
    ClientAddressAdded, ClientAddressRemoved, ClientAddressUpdated, ClientArchived, ClientConsentExpired,
    ClientConsentRecorded, ClientContactPointBounced, ClientCreated, ClientRestored, ClientStatusChanged, ClientUpdated,
)  # fmt: skip
from messages.clients.exports import (
    CLIENT_EXPORT_NOT_FOUND, CLIENT_EXPORT_TOO_LARGE, MOST_EXPORTED, ClientExportCompleted, CreateExport, ExportColumn,
    ExportFormat, ExportJob, ExportStatus, GetExport,
)  # fmt: skip
from messages.clients.imports import (
    IMPORT_ALREADY_COMMITTED, IMPORT_EMPTY, IMPORT_ENCODING, IMPORT_JOB_NOT_FOUND, IMPORT_NOT_A_FILE_FOR_IMPORT,
    IMPORT_NOT_VALIDATED, IMPORT_NO_HEADER, IMPORT_TOO_LARGE, MOST_BYTES, MOST_ROWS, CancelImport, ClientImportCompleted,
    CommitImport, CreateImport, DuplicatePolicy, GetImport, ImportCounters, ImportField, ImportJob, ImportJobPage,
    ImportOptions, ImportRow, ImportRowPage, ImportStatus, ListImportRows, ListImports, RowError, RowOutcome,
    UpdateImportMapping, ValidateImport,
)  # fmt: skip
from messages.clients.listing import (
    ClientFilter, ClientLookup, ClientPage, ClientSort, ClientSummary, ClientsFound, GetClients, ListClients, LookupClient,
)  # fmt: skip
from messages.clients.merging import (
    ClientDuplicateDetected, ClientMerged, ClientPortrait, ClientUnmerged, DismissDuplicate, DuplicateCandidate,
    DuplicateCandidatePage, FindDuplicates, ListDuplicateCandidates, ListMergeOperations, MergeClients, MergeConflict,
    MergeOperation, MergeOperationPage, MergePreview, PairStatus, PairedClient, PreviewMerge, UnmergeClient, UnmergedClients,
)  # fmt: skip
from messages.clients.overview import (
    Alert, Balances, Client360, ContractCounts, GetClient360, LastPayment, ListClientTimeline, NextDebit, SearchClients,
    SearchHit, SearchHits, TimelineEntry, TimelineKind, TimelinePage,
)  # fmt: skip
from messages.clients.privacy import (
    AnonymiseClient, AssessErasure, ClientAnonymised, ClientErasureRequested, ClientRetentionDue, ErasureAssessment,
    ErasureRow, ExportPersonalData, PersonalData, PrivacySubject, ResolvePrivacySubject,
)  # fmt: skip
from messages.clients.registers import (
    AddressCheck, AddressMatch, CompanyEntries, CompanyEntry, LookupCompany, ValidateAddress, VatCheckStatus, VatVerification,
    VerifyVat,
)  # fmt: skip
from messages.clients.settings import ClientSettings, DuplicateThresholds, GetClientSettings, UpdateClientSettings
from messages.clients.standing import (
    BlockClient, ClearStatusOverride, ClientBlocked, ClientDeceased, ClientDeleted, ClientInsolvencyClosed,
    ClientInsolvencyOpened, ClientKycChanged, ClientUnblocked, DeclareDeath, DeleteClient, ListStatusHistory, SetClientStatus,
    SetDoNotContact, SetInsolvency, SetKycStatus, SetLegalProtection, StatusChange, StatusHistoryPage, UnblockClient,
)  # fmt: skip
from messages.clients.sub_records import (
    AddAddress, AddContactPoint, AddressPage, BankRef, BankRefs, Consent, ConsentMatrix, ConsentPage, GetAddress,
    GetConsentMatrix, ListAddresses, ListBankRefs, ListConsents, MarkContactPointBounced, RecordConsent, RemoveAddress,
    RemoveContactPoint, SetDefaultAddress, SetPrimaryContactPoint, UpdateAddress, UpdateContactPoint,
)  # fmt: skip
from messages.clients.tags import AddTag, RemoveTag
from messages.clients.vocabulary import (
    ADDRESS_IN_USE, CLIENT_ADDRESS_NOT_FOUND, CLIENT_ANONYMISED, CLIENT_ARCHIVED, CLIENT_IS_INDIVIDUAL, CLIENT_MERGED,
    CLIENT_NOT_FOUND, CODE_LOCKED, COMPANY_REQUIRED, CONSENT_PROOF_REQUIRED, CONTACT_PERSON_NOT_FOUND, CONTACT_POINT_EXISTS,
    CONTACT_POINT_NOT_FOUND, DEFAULT_REQUIRED, DICTIONARY_CODE_EXISTS, DICTIONARY_ENTRY_NOT_FOUND, DUPLICATE_CLIENT,
    DUPLICATE_PAIR_NOT_FOUND, HAS_HISTORY, HAS_LIVE_CONTRACTS, HAS_OPEN_BALANCE, LEGAL_HOLD, MERGE_OPERATION_NOT_FOUND,
    MERGE_SELF, MERGE_SIREN_CONFLICT, MERGE_TYPE_MISMATCH, PAYMENT_TERM_NOT_FOUND, PREFERENCE_UNKNOWN, RETENTION_NOT_REACHED,
    SIRET_IN_USE, SIRET_SIREN_MISMATCH, STATUS_UNKNOWN, TERM_EXCEEDS_LEGAL_CAP, TYPE_LOCKED, UNMERGE_EXPIRED,
    UNMERGE_SUPERSEDED, VAT_SIREN_MISMATCH, AddressUsage, BlockedScope, BounceKind, ClientKind, ClientSource, ClientType,
    ConsentChannel, ConsentDecision, ConsentPurpose, ContactKind, ContactLabel, DuplicateLevel, ErasureGround, InsolvencyKind,
    KycStatus, LegalBasis, LegalProtection, OnDuplicate, RecordState, StatusCategory, StatusMode, Title, ValidationStatus,
    VatStatus,
)  # fmt: skip

__all__ = [
    "ADDRESS_IN_USE", "CLIENT_ADDRESS_NOT_FOUND", "CLIENT_ANONYMISED", "CLIENT_ARCHIVED", "CLIENT_EXPORT_NOT_FOUND",
    "CLIENT_EXPORT_TOO_LARGE", "CLIENT_IS_INDIVIDUAL", "CLIENT_MERGED", "CLIENT_NOT_FOUND", "CODE_LOCKED", "COMPANY_REQUIRED",
    "CONSENT_PROOF_REQUIRED", "CONTACT_PERSON_NOT_FOUND", "CONTACT_POINT_EXISTS", "CONTACT_POINT_NOT_FOUND",
    "DEFAULT_REQUIRED", "DICTIONARY_CODE_EXISTS", "DICTIONARY_ENTRY_NOT_FOUND", "DUPLICATE_CLIENT",
    "DUPLICATE_PAIR_NOT_FOUND", "HAS_HISTORY", "HAS_LIVE_CONTRACTS", "HAS_OPEN_BALANCE", "IMPORT_ALREADY_COMMITTED",
    "IMPORT_EMPTY", "IMPORT_ENCODING", "IMPORT_JOB_NOT_FOUND", "IMPORT_NOT_A_FILE_FOR_IMPORT", "IMPORT_NOT_VALIDATED",
    "IMPORT_NO_HEADER", "IMPORT_TOO_LARGE", "LEGAL_HOLD", "MERGE_OPERATION_NOT_FOUND", "MERGE_SELF", "MERGE_SIREN_CONFLICT",
    "MERGE_TYPE_MISMATCH", "MOST_BYTES", "MOST_EXPORTED", "MOST_ROWS", "PAYMENT_TERM_NOT_FOUND", "PREFERENCE_UNKNOWN",
    "RETENTION_NOT_REACHED", "SETTINGS_OF", "SIRET_IN_USE", "SIRET_SIREN_MISMATCH", "STATUS_UNKNOWN",
    "TERM_EXCEEDS_LEGAL_CAP", "TYPE_LOCKED", "UNMERGE_EXPIRED", "UNMERGE_SUPERSEDED", "VAT_SIREN_MISMATCH", "AddAddress",
    "AddContactPerson", "AddContactPoint", "AddTag", "AddressCheck", "AddressDraft", "AddressMatch", "AddressPage",
    "AddressUsage", "Alert", "AnonymiseClient", "ArchiveClient", "AssessErasure", "AssignOwner", "Balances", "BankRef",
    "BankRefs", "BillingIssuer", "BillingModeRetired", "BillingModeSaved", "BillingPeriodDates", "BillingPeriodRetired",
    "BillingPeriodSaved", "BillingPeriods", "BillingScope", "BlockClient", "BlockedScope", "BounceKind", "BusinessProfile",
    "CancelImport", "CheckContactPermission", "ClearStatusOverride", "Client", "Client360", "ClientAddress",
    "ClientAddressAdded", "ClientAddressRemoved", "ClientAddressUpdated", "ClientAnonymised", "ClientArchived",
    "ClientBlocked", "ClientConsentExpired", "ClientConsentRecorded", "ClientContactPointBounced", "ClientCreated",
    "ClientDeceased", "ClientDeleted", "ClientDuplicateDetected", "ClientErasureRequested", "ClientExportCompleted",
    "ClientFilter", "ClientFlags", "ClientImportCompleted", "ClientInsolvencyClosed", "ClientInsolvencyOpened", "ClientKind",
    "ClientKycChanged", "ClientLookup", "ClientMerged", "ClientPage", "ClientPortrait", "ClientRestored",
    "ClientRetentionDue", "ClientSettings", "ClientSnapshot", "ClientSort", "ClientSource", "ClientStatusChanged",
    "ClientStatusDefinitionRetired", "ClientStatusDefinitionSaved", "ClientSummary", "ClientType", "ClientUnblocked",
    "ClientUnmerged", "ClientUpdated", "ClientsFound", "CommitImport", "CompanyEntries", "CompanyEntry",
    "ComputeBillingPeriods", "ComputeDueDate", "Consent", "ConsentChannel", "ConsentDecision", "ConsentMatrix", "ConsentPage",
    "ConsentPurpose", "ContactChannel", "ContactDenial", "ContactKind", "ContactLabel", "ContactPermission", "ContactPerson",
    "ContactPersonPage", "ContactPoint", "ContactPurpose", "ContactRole", "ContractCounts", "CreateClient",
    "CreateDictionaryEntry", "CreateExport", "CreateImport", "CreatePaymentTerm", "CustomFields", "DeclareDeath",
    "DeleteClient", "DictionaryCode", "DictionaryEntries", "DictionaryEntry", "DictionaryKind", "DictionarySettings",
    "DismissDuplicate", "DueDate", "DuplicateCandidate", "DuplicateCandidatePage", "DuplicateLevel", "DuplicateMatch",
    "DuplicateMatches", "DuplicatePolicy", "DuplicateThresholds", "ErasureAssessment", "ErasureGround", "ErasureRow",
    "ExportColumn", "ExportFormat", "ExportJob", "ExportPersonalData", "ExportStatus", "FindDuplicates", "FirstConsent",
    "GetAddress", "GetClient", "GetClient360", "GetClientSettings", "GetClients", "GetConsentMatrix", "GetDictionaryEntry",
    "GetExport", "GetImport", "GetPaymentTerm", "IdentifierCheck", "ImportCounters", "ImportField", "ImportJob",
    "ImportJobPage", "ImportOptions", "ImportRow", "ImportRowPage", "ImportStatus", "InsolvencyKind",
    "InvoiceIssueModeRetired", "InvoiceIssueModeSaved", "IssueChannel", "KycStatus", "LastPayment", "LegalBasis",
    "LegalProtection", "ListAddresses", "ListBankRefs", "ListClientTimeline", "ListClients", "ListConsents",
    "ListContactPersons", "ListDictionary", "ListDuplicateCandidates", "ListImportRows", "ListImports", "ListMergeOperations",
    "ListPaymentTerms", "ListStatusHistory", "LookupClient", "LookupCompany", "MarkContactPointBounced", "MergeClients",
    "MergeConflict", "MergeOperation", "MergeOperationPage", "MergePreview", "NextDebit", "OnDuplicate", "PairStatus",
    "PairedClient", "PaymentTerm", "PaymentTermPage", "PaymentTermRetired", "PaymentTermSaved", "PersonalData",
    "PreferenceRef", "PreviewMerge", "PrivacySubject", "RecordConsent", "RecordState", "RemoveAddress", "RemoveContactPerson",
    "RemoveContactPoint", "RemoveTag", "ResolvePrivacySubject", "RestoreClient", "RetireDictionaryEntry", "RetirePaymentTerm",
    "RowError", "RowOutcome", "SearchClients", "SearchHit", "SearchHits", "SetClientStatus", "SetDefaultAddress",
    "SetDoNotContact", "SetInsolvency", "SetKycStatus", "SetLegalProtection", "SetPrimaryContactPoint", "StatusCategory",
    "StatusChange", "StatusHistoryPage", "StatusMode", "Tag", "TermAudience", "TimelineEntry", "TimelineKind", "TimelinePage",
    "Title", "UnblockClient", "UnmergeClient", "UnmergedClients", "UpdateAddress", "UpdateBusinessProfile", "UpdateClient",
    "UpdateClientSettings", "UpdateContactPerson", "UpdateContactPoint", "UpdateDictionaryEntry", "UpdateImportMapping",
    "UpdatePaymentTerm", "ValidateAddress", "ValidateBic", "ValidateIban", "ValidateImport", "ValidateSiren", "ValidateSiret",
    "ValidateVat", "ValidationStatus", "VatCheckStatus", "VatStatus", "VatVerification", "VerifyVat",
]  # fmt: skip
