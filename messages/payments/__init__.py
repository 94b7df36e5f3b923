"""payments: turns what customers owe into money in the bank, exactly once, and proves it."""

# ruff: noqa: I001 - several names to a line, as in __all__
from messages.payments.alerts import (
    AcknowledgeAlert, AlertCodeCount, AlertStats, GetAlertStats, ListAlerts, PaymentAlert, PaymentAlertAcknowledged,
    PaymentAlertPage, PaymentAlertRaised, ResolveAlert, SeverityCount,
)  # fmt: skip
from messages.payments.allocations import (
    ClientOpenItem, ListOpenItems, OpenItemPage, PaymentUnallocated, UnallocatePayment, UnallocationReason,
)  # fmt: skip
from messages.payments.bank import (
    ApproveCollectionBatch, BankMatch, BankMessage, BankMessageCounts, BankMessagePage, BankStatementImported, BankTransaction,
    BankTransactionPage, BankTransactionUnmatched, BatchGroup, CancelCollectionBatch, CollectionBatch, CollectionBatchApproved,
    CollectionBatches, CollectionBatchPage, CollectionBatchReady, CollectionBatchRejected, CollectionBatchSettled,
    CollectionBatchTransmitted, CollectionFile, DownloadCollectionFile, GetCollectionBatch, ImportBankMessage, ListBankMessages,
    ListBankTransactions, ListCollectionBatches, MarkBatchTransmitted, MatchBankTransaction, PrepareCollectionBatches,
    GetReconciliationStatus, IgnoreBankTransaction, MatchedLines, ReconciliationStatus, UnmatchBankTransaction,
)  # fmt: skip
from messages.payments.cards import (
    COLLECTION_BLOCKED, LIVE_PAYMENT_EXISTS, ROUTING_NOT_FOUND, SAVED_MEANS_NOT_FOUND, SETUP_SESSION_NOT_FOUND, CreatePayment,
    CreateSetupSession, DetachPaymentMethod, GetSetupSession, ListPaymentMethods, PaymentErrorClass, PaymentFailed,
    PaymentMethodAdded, PaymentMethodDetached, PaymentRequiresAction, PaymentReturnCancelled, ReceivePspWebhook, SavedMeans,
    SavedMeansFields, SavedMeansKind, SavedMeansPage, SavedMeansStatus, SetDefaultPaymentMethod, SetupSession, SetupStatus,
    SubmitPayment, WebhookReply,
)  # fmt: skip
from messages.payments.codes import (
    ADDRESS_MISSING, ALERT_NOT_FOUND, ALREADY_REVERSED, AMOUNT_EXCEEDED, BANK_DETAILS_NOT_FOUND, BANK_MESSAGE_UNREADABLE,
    BANK_TRANSACTION_NOT_FOUND, BATCH_NOT_FOUND, BIC_INVALID, CASH_LIMIT, CREDITOR_ACCOUNT_NOT_FOUND,
    CREDITOR_IDENTIFIER_MISSING, EMISSION_RUN_NOT_FOUND, EXPORT_JOB_NOT_FOUND, EXTERNAL_ID_IN_USE, FILE_NOT_READY,
    FORMAL_NOTICE_NOT_FOUND, FOUR_EYES_REQUIRED, IBAN_NOT_SEPA, IN_USE, INSTALMENT_NOT_FOUND, LEDGER_ENTRY_NOT_FOUND,
    MANDATE_NOT_FOUND, MAX_ATTEMPTS_REACHED,
    NOT_RETRYABLE_REASON, NOTICE_RUNNING, OUTSTANDING_REMAINS, PAUSE_TOO_LONG, PAYMENT_NOT_FOUND,
    PERIOD_CLOSED, POLICY_SCOPE_CONFLICT, PROMISE_LIMIT_REACHED, PROMISE_NOT_FOUND, RECOVERY_CASE_NOT_FOUND,
    RECOVERY_ITEM_NOT_FOUND,
    RECOVERY_POLICY_NOT_FOUND, REMINDER_NOT_FOUND, RETRY_PLAN_NOT_FOUND, RUM_GENERATION_FAILED, SCHEDULE_NOT_FOUND,
    SCHEME_NOT_ALLOWED, SETTLEMENT_PLAN_EXISTS, SETTLEMENT_PLAN_NOT_FOUND,
    CONSUMER_FEE_FORBIDDEN, FEE_RULE_NOT_FOUND, RECOVERY_CHARGE_NOT_FOUND,
    SUSPENSION_BLACKOUT, SUSPENSION_NOTICE_MISSING, TOO_LATE_TO_CANCEL, UNBALANCED_ENTRY,
)  # fmt: skip
from messages.payments.collection import (
    CASH_LIMIT_AMOUNT, AddPaymentNote, AllocatePayment, AllocationOrder, CancelPayment, ClientBalance, GetClientBalance, GetPayment,
    GetPaymentTimeline, ListPayments, OpenItem, Payment, PaymentAllocated, PaymentBatched, PaymentCancelled, PaymentCreated,
    PaymentPage, PaymentPrenotificationDue, PaymentReceived, PaymentRejected, PaymentReturned, PaymentStandingChanged,
    PaymentSubmitted, PaymentTimeline, PaymentTimelineEntry, RecordManualPayment,
)  # fmt: skip
from messages.payments.dues import (
    CancelSchedule, EmissionResult, EmissionRun, EmissionRunPage, GetEmissionRun, GetInstalment, GetSchedule, Instalment,
    InstalmentBlocked, InstalmentCancelled, InstalmentPage, InstalmentPaid, InstalmentPlanned, InstalmentRescheduled,
    InstalmentUnblocked, InstalmentUnpaid, ListEmissionRuns, ListInstalments, ListSchedules, PauseSchedule, ResumeSchedule,
    RunEmission, Schedule, ScheduleCancelled, ScheduleCompleted, ScheduleCreated, SchedulePage, SchedulePaused, ScheduleResumed,
    ScheduleUpdated, UpdateSchedule,
)  # fmt: skip
from messages.payments.ledger import (
    AccountBalance, CreateExportJob, DownloadExport, ExportFile, ExportJob, ExportJobPage, ExportStatus, ExportType, GetExportJob,
    ListExportJobs,
    GetTrialBalance, JournalCode, JournalEntry, JournalEntryPage, JournalLine, ListJournalEntries, TrialBalance,
)  # fmt: skip
from messages.payments.means import (
    BankDetails, BankDetailsCreated, BankDetailsDisabled, BankDetailsPage, BankDetailsUpdated, BlockMandate, CancelMandate,
    ConfirmMandateSignature, CreateBankDetails, DisableBankDetails, GetBankDetails, GetMandate, ListBankDetails, ListMandates,
    Mandate, MandateActivated, MandateBlocked, MandateCancelled, MandateCreated, MandateExpired, MandatePage,
    MandateSignatureRequested, MandateSigned, MandateUnblocked, RevealedIban, RevealIban, SetupMandate, UnblockMandate,
    UpdateBankDetails,
)  # fmt: skip
from messages.payments.notices import (
    CancelFormalNotice, FormalNotice, FormalNoticeCancelled, FormalNoticeExpired, FormalNoticePage, FormalNoticeRequested,
    FormalNoticeSent, GetFormalNotice, IssueFormalNotice, ListFormalNotices, NoticeItem, NoticeKind, NoticeMedium, NoticeStatus,
)  # fmt: skip
from messages.payments.payment_figures import GetPaymentStats, PaymentCount, PaymentStats
from messages.payments.policies import (
    CreateDunningPolicy, CreateRetryPolicy, DunningPolicy, DunningPolicyPage, DunningStep, DunningTerms,
    GetDunningPolicy, GetRetryPolicy, ListDunningPolicies, ListRetryPolicies, PolicyScope, RetryPolicy, RetryPolicyPage,
    RetryTerms, StepAction, StepGuard, UpdateDunningPolicy, UpdateRetryPolicy,
)  # fmt: skip
from messages.payments.providers import (
    CREDENTIALS_INCOMPLETE, PROVIDER_REJECTED, PSP_ACCOUNT_NOT_FOUND, WEBHOOK_SECRET_REQUIRED, CreatePspAccount,
    DisablePspAccount, GetPspAccount, ListPspAccounts, Provider, PspAccount, PspAccountPage, PspAccountTest, PspMode, PspStatus,
    UpdatePspAccount,
)  # fmt: skip
from messages.payments.psp_events import (
    PSP_EVENT_NOT_FOUND, GetPspEvent, ListPspEvents, PspEvent, PspEventPage, PspEventStatus, ReplayPspEvent, ResolvePspEvent,
)  # fmt: skip
from messages.payments.receivables import ReceivableDefaultCured, ReceivableDefaulted, ReceivableRef
from messages.payments.recovery import (
    AddCaseNote, AssignRecoveryCase, CancelReminder, CancelRetryPlan, CaseNote, CaseRef, ClientStanding, CloseRecoveryCase,
    DunningStepDone, GetPaymentStanding, GetRecoveryCase, GetReminder, GetRetryPlan, ListRecoveryCases, ListReminders,
    ListRetryPlans, ListSuspensionRequests, PauseRecoveryCase, QuotedItem, QuoteRecoveryAmount, RecoveryCase, RecoveryCasePage,
    RecoveryItem, RecoveryQuote, Reminder, ReminderPage, RequestReactivation, RequestSuspension, ResumeRecoveryCase,
    RetryAttempt, RetryPlan, RetryPlanPage, RetryRef, SuspensionOrder, SuspensionOrderPage,
)  # fmt: skip
from messages.payments.recovery_facts import (
    DunningActionRequested, RecoveryCaseClosed, RecoveryCaseEscalated, RecoveryCaseOpened, RecoveryCasePaused,
    RecoveryCaseReopened, RecoveryCaseResumed, ReminderCancelled, ReminderFailed, ReminderPlanned, ReminderRef,
    ReminderRequested, ReminderSent, RetryAttemptCancelled, RetryAttemptExecuted, RetryAttemptFailed, RetryAttemptScheduled,
    RetryAttemptSucceeded, RetryPlanCancelled, RetryPlanCreated, RetryPlanExhausted,
)  # fmt: skip
from messages.payments.recovery_vocabulary import (
    ActionKind, CaseCloseReason, CasePauseReason, ChargeMode, CustomerType, GuardKind, RecoveryCaseStatus, RecoveryItemStatus,
    ReminderChannel, ReminderStatus, RetryAnchor, RetryAttemptStatus, RetryEligibility, RetryPlanStatus, ServiceState,
    StaffAction, StepTrigger, SuspensionStatus, TaskPriority,
)  # fmt: skip
from messages.payments.refunds import (
    DOUBLE_REFUND_RISK, NOT_REFUNDABLE, REFUND_EXCEEDS, REFUND_NOT_FOUND, REFUND_UNDER_WAY, ApproveRefund, CancelRefund,
    CreateRefund, GetRefund, ListRefunds, PaymentRefunded, Refund, RefundChannel, RefundFailed, RefundPage, RefundReason,
    RefundStatus, RefuseRefund,
)  # fmt: skip
from messages.payments.routing import (
    PROVIDER_OVERRIDE_EXISTS, PROVIDER_OVERRIDE_NOT_FOUND, ROUTING_RULE_NOT_FOUND, CircuitState, CreateProviderOverride,
    CreateRoutingRule, DeleteProviderOverride, DeleteRoutingRule, GetPspHealth, ListProviderOverrides, ListRoutingRules,
    OverrideScope, ProviderOverride, ProviderOverridePage, PspHealth, ResetCircuit, RoutingConditions, RoutingEvaluation,
    RoutingResult, RoutingRule, RoutingRulePage, TestRouting, UpdateRoutingRule,
)  # fmt: skip
from messages.payments.settings import (
    BankProfile, CreateCreditorAccount, CreditorAccount, CreditorAccountPage, DisableCreditorAccount, GetCreditorAccount,
    GetPaymentSettings, ListCreditorAccounts, ListRejectionReasons, PainVersion, PaymentSettings, PaymentSettingsValues,
    ReasonScheme, RejectionReason, RejectionReasons, UpdateCreditorAccount, UpdatePaymentSettings,
)  # fmt: skip
from messages.payments.snapshots import (
    Allocation, BankDetailsSnapshot, BatchRef, FailureNotice, InstalmentSnapshot, MandateSnapshot, PaymentRef, ScheduleSnapshot,
)  # fmt: skip
from messages.payments.suspensions import (
    SuspensionLiftRequested, SuspensionMode, SuspensionReason, SuspensionRequested, SuspensionScope, SuspensionWithdrawn,
)  # fmt: skip
from messages.payments.bank_vocabulary import (
    BankMessageKind,
    BankMessageStatus,
    BatchScheme,
    BatchStatus,
    CreditDebit,
    MatchStatus,
    Transport,
)
from messages.payments.vocabulary import (
    AccountStatus, AlertChannel, AlertSeverity, AlertStatus, BankDetailsStatus, BlockReason, CustomerAction, FailurePhase,
    FirstCollection, InstalmentCancelReason, InstalmentStatus, MandateEffect, MandateKind, MandateParty, MandateScheme,
    MandateStatus, PaymentMethod, PaymentStatus, PaymentType, PlannedBy, PrenotificationMode, ReasonCategory, RescheduleReason,
    ResumePolicy, RetryAdvice, RiskLevel, RType, RunStatus, RunTrigger, ScheduleFrequency, ScheduleReason, ScheduleStatus,
    SequenceType, SignatureChannel, Standing,
)  # fmt: skip
from messages.payments.reminding import (
    CreateReminderPolicy, GetReminderPolicy, ListReminderPolicies, ReminderPolicy, ReminderPolicyPage, ReminderRule, ReminderTerms,
    ReminderTrigger, UpdateReminderPolicy,
)  # fmt: skip
from messages.payments.retries import (
    ListRetryRuns, RetryOutcome, RetryResult, RetryRun, RetryRunPage, RetryRunReport, RunRetries,
)  # fmt: skip
from messages.payments.bookkeeping import (
    AccountingPeriod, CloseAccountingPeriod, GetAccountingPeriod, LedgerLine, LedgerLinePage, Lettering, LetterLines, LineRef,
    ListAccountLines, ManualLine, PostManualEntry, ReopenAccountingPeriod, ReverseEntry, UnletterLines,
)  # fmt: skip
from messages.payments.overpayments import (
    OverpaymentDetected,
)  # fmt: skip
from messages.payments.promises import (
    CancelPaymentPromise, ListPaymentPromises, PaymentPromise, PaymentPromiseBroken, PaymentPromiseKept, PaymentPromisePage,
    PaymentPromiseRecorded, PromiseRef, PromiseStatus, PromiseVia, RecordPaymentPromise,
)  # fmt: skip
from messages.payments.bank_details_import import (
    UpsertBankDetailsByExternalId, UpsertedBankDetails,
)  # fmt: skip
from messages.payments.provider_mandates import (
    MandateConsumed, MandateFailed, MandateSuspended,
)  # fmt: skip

from messages.payments.disputes import (
    DisputeCause, DisputeOutcome, DisputeRecoveryItem, ResolveDispute,
)  # fmt: skip
from messages.payments.charges import (
    ArchiveFeeRule, ChargeRef, ChargeStatus, ChargeType, ChargeVat, CreateFeeRule, FeeRule, FeeRulePage, ListFeeRules,
    ListRecoveryCharges, RecoveryCharge, RecoveryChargeInvoicingRequested, RecoveryChargePage, RecoveryChargeRaised,
    RecoveryChargeWaived, UpdateFeeRule, WaiveRecoveryCharge,
)  # fmt: skip
from messages.payments.recovery_metrics import (
    AgedGroup, AgedReceivables, AgeBucket, AgeGrouping, CodeShare, GetAgedReceivables, GetRecoveryMetrics, RecoveryDay,
    RecoveryMetrics, RetryCounts,
)  # fmt: skip
from messages.payments.settlements import (
    AcceptSettlementPlan, CancelSettlementPlan, GetSettlementPlan, ListSettlementPlans, ProposeSettlementPlan,
    SettlementCollection, SettlementFrequency, SettlementPlan, SettlementPlanActivated, SettlementPlanBroken,
    SettlementPlanCompleted, SettlementPlanPage, SettlementRef, SettlementStatus, SettlementTranche, TrancheAmount,
    TrancheStatus,
)  # fmt: skip
from messages.payments.terminations import (
    ContractTerminationRequested, RequestedTerminationReason,
)  # fmt: skip
from messages.payments.provider_care import (
    GetPspAccountsSummary, PspAccountSummary, PspAccountsSummary, RotatePspWebhookSecret, TestPspAccount,
)  # fmt: skip
from messages.payments.instalment_changes import (
    RescheduleInstalment, SkipInstalment, WaiveBlock,
)  # fmt: skip
from messages.payments.mandate_import import (
    MANDATE_REFERENCE_TAKEN, ImportMandate,
)  # fmt: skip
from messages.payments.status_mappings import (
    ListProviderStatusMappings, ProviderStatusMapping, ProviderStatusMappingPage, UpsertProviderStatusMapping,
)  # fmt: skip
from messages.payments.schedule_making import (
    SCHEDULE_EXISTS, CreateInstalment, CreateSchedule, RenewSchedule,
)  # fmt: skip

__all__ = [
    "ADDRESS_MISSING", "ALERT_NOT_FOUND", "ALREADY_REVERSED", "AMOUNT_EXCEEDED", "BANK_DETAILS_NOT_FOUND",
    "BANK_MESSAGE_UNREADABLE", "BANK_TRANSACTION_NOT_FOUND", "BATCH_NOT_FOUND", "BIC_INVALID", "CASH_LIMIT", "CASH_LIMIT_AMOUNT",
    "COLLECTION_BLOCKED", "CONSUMER_FEE_FORBIDDEN", "CREDENTIALS_INCOMPLETE", "CREDITOR_ACCOUNT_NOT_FOUND",
    "CREDITOR_IDENTIFIER_MISSING", "DOUBLE_REFUND_RISK", "EMISSION_RUN_NOT_FOUND", "EXPORT_JOB_NOT_FOUND", "EXTERNAL_ID_IN_USE",
    "FEE_RULE_NOT_FOUND", "FILE_NOT_READY", "FORMAL_NOTICE_NOT_FOUND", "FOUR_EYES_REQUIRED", "IBAN_NOT_SEPA",
    "INSTALMENT_NOT_FOUND", "IN_USE", "LEDGER_ENTRY_NOT_FOUND", "LIVE_PAYMENT_EXISTS", "MANDATE_NOT_FOUND",
    "MANDATE_REFERENCE_TAKEN", "MAX_ATTEMPTS_REACHED", "NOTICE_RUNNING", "NOT_REFUNDABLE", "NOT_RETRYABLE_REASON",
    "OUTSTANDING_REMAINS", "PAUSE_TOO_LONG", "PAYMENT_NOT_FOUND", "PERIOD_CLOSED", "POLICY_SCOPE_CONFLICT", "PROMISE_LIMIT_REACHED",
    "PROMISE_NOT_FOUND", "PROVIDER_OVERRIDE_EXISTS", "PROVIDER_OVERRIDE_NOT_FOUND", "PROVIDER_REJECTED", "PSP_ACCOUNT_NOT_FOUND",
    "PSP_EVENT_NOT_FOUND", "RECOVERY_CASE_NOT_FOUND", "RECOVERY_CHARGE_NOT_FOUND", "RECOVERY_ITEM_NOT_FOUND",
    "RECOVERY_POLICY_NOT_FOUND", "REFUND_EXCEEDS", "REFUND_NOT_FOUND", "REFUND_UNDER_WAY", "REMINDER_NOT_FOUND",
    "RETRY_PLAN_NOT_FOUND", "ROUTING_NOT_FOUND", "ROUTING_RULE_NOT_FOUND", "RUM_GENERATION_FAILED", "SAVED_MEANS_NOT_FOUND",
    "SCHEDULE_EXISTS", "SCHEDULE_NOT_FOUND", "SCHEME_NOT_ALLOWED", "SETTLEMENT_PLAN_EXISTS", "SETTLEMENT_PLAN_NOT_FOUND",
    "SETUP_SESSION_NOT_FOUND", "SUSPENSION_BLACKOUT", "SUSPENSION_NOTICE_MISSING", "TOO_LATE_TO_CANCEL", "UNBALANCED_ENTRY",
    "WEBHOOK_SECRET_REQUIRED", "AcceptSettlementPlan", "AccountBalance", "AccountStatus", "AccountingPeriod", "AcknowledgeAlert",
    "ActionKind", "AddCaseNote", "AddPaymentNote", "AgeBucket", "AgeGrouping", "AgedGroup", "AgedReceivables", "AlertChannel",
    "AlertCodeCount", "AlertSeverity", "AlertStats", "AlertStatus", "AllocatePayment", "Allocation", "AllocationOrder",
    "ApproveCollectionBatch", "ApproveRefund", "ArchiveFeeRule", "AssignRecoveryCase", "BankDetails", "BankDetailsCreated",
    "BankDetailsDisabled", "BankDetailsPage", "BankDetailsSnapshot", "BankDetailsStatus", "BankDetailsUpdated", "BankMatch",
    "BankMessage", "BankMessageCounts", "BankMessageKind", "BankMessagePage", "BankMessageStatus", "BankProfile",
    "BankStatementImported", "BankTransaction", "BankTransactionPage", "BankTransactionUnmatched", "BatchGroup", "BatchRef",
    "BatchScheme", "BatchStatus", "BlockMandate", "BlockReason", "CancelCollectionBatch", "CancelFormalNotice", "CancelMandate",
    "CancelPayment", "CancelPaymentPromise", "CancelRefund", "CancelReminder", "CancelRetryPlan", "CancelSchedule",
    "CancelSettlementPlan", "CaseCloseReason", "CaseNote", "CasePauseReason", "CaseRef", "ChargeMode", "ChargeRef", "ChargeStatus",
    "ChargeType", "ChargeVat", "CircuitState", "ClientBalance", "ClientOpenItem", "ClientStanding", "CloseAccountingPeriod",
    "CloseRecoveryCase", "CodeShare", "CollectionBatch", "CollectionBatchApproved", "CollectionBatchPage", "CollectionBatchReady",
    "CollectionBatchRejected", "CollectionBatchSettled", "CollectionBatchTransmitted", "CollectionBatches", "CollectionFile",
    "ConfirmMandateSignature", "ContractTerminationRequested", "CreateBankDetails", "CreateCreditorAccount", "CreateDunningPolicy",
    "CreateExportJob", "CreateFeeRule", "CreateInstalment", "CreatePayment", "CreateProviderOverride", "CreatePspAccount",
    "CreateRefund", "CreateReminderPolicy", "CreateRetryPolicy", "CreateRoutingRule", "CreateSchedule", "CreateSetupSession",
    "CreditDebit", "CreditorAccount", "CreditorAccountPage", "CustomerAction", "CustomerType", "DeleteProviderOverride",
    "DeleteRoutingRule", "DetachPaymentMethod", "DisableBankDetails", "DisableCreditorAccount", "DisablePspAccount", "DisputeCause",
    "DisputeOutcome", "DisputeRecoveryItem", "DownloadCollectionFile", "DownloadExport", "DunningActionRequested", "DunningPolicy",
    "DunningPolicyPage", "DunningStep", "DunningStepDone", "DunningTerms", "EmissionResult", "EmissionRun", "EmissionRunPage",
    "ExportFile", "ExportJob", "ExportJobPage", "ExportStatus", "ExportType", "FailureNotice", "FailurePhase", "FeeRule",
    "FeeRulePage", "FirstCollection", "FormalNotice", "FormalNoticeCancelled", "FormalNoticeExpired", "FormalNoticePage",
    "FormalNoticeRequested", "FormalNoticeSent", "GetAccountingPeriod", "GetAgedReceivables", "GetAlertStats", "GetBankDetails",
    "GetClientBalance", "GetCollectionBatch", "GetCreditorAccount", "GetDunningPolicy", "GetEmissionRun", "GetExportJob",
    "GetFormalNotice", "GetInstalment", "GetMandate", "GetPayment", "GetPaymentSettings", "GetPaymentStanding", "GetPaymentStats",
    "GetPaymentTimeline", "GetPspAccount", "GetPspAccountsSummary", "GetPspEvent", "GetPspHealth", "GetReconciliationStatus",
    "GetRecoveryCase", "GetRecoveryMetrics", "GetRefund", "GetReminder", "GetReminderPolicy", "GetRetryPlan", "GetRetryPolicy",
    "GetSchedule", "GetSettlementPlan", "GetSetupSession", "GetTrialBalance", "GuardKind", "IgnoreBankTransaction",
    "ImportBankMessage", "ImportMandate", "Instalment", "InstalmentBlocked", "InstalmentCancelReason", "InstalmentCancelled",
    "InstalmentPage", "InstalmentPaid", "InstalmentPlanned", "InstalmentRescheduled", "InstalmentSnapshot", "InstalmentStatus",
    "InstalmentUnblocked", "InstalmentUnpaid", "IssueFormalNotice", "JournalCode", "JournalEntry", "JournalEntryPage",
    "JournalLine", "LedgerLine", "LedgerLinePage", "LetterLines", "Lettering", "LineRef", "ListAccountLines", "ListAlerts",
    "ListBankDetails", "ListBankMessages", "ListBankTransactions", "ListCollectionBatches", "ListCreditorAccounts",
    "ListDunningPolicies", "ListEmissionRuns", "ListExportJobs", "ListFeeRules", "ListFormalNotices", "ListInstalments",
    "ListJournalEntries", "ListMandates", "ListOpenItems", "ListPaymentMethods", "ListPaymentPromises", "ListPayments",
    "ListProviderOverrides", "ListProviderStatusMappings", "ListPspAccounts", "ListPspEvents", "ListRecoveryCases",
    "ListRecoveryCharges", "ListRefunds", "ListRejectionReasons", "ListReminderPolicies", "ListReminders", "ListRetryPlans",
    "ListRetryPolicies", "ListRetryRuns", "ListRoutingRules", "ListSchedules", "ListSettlementPlans", "ListSuspensionRequests",
    "Mandate", "MandateActivated", "MandateBlocked", "MandateCancelled", "MandateConsumed", "MandateCreated", "MandateEffect",
    "MandateExpired", "MandateFailed", "MandateKind", "MandatePage", "MandateParty", "MandateScheme", "MandateSignatureRequested",
    "MandateSigned", "MandateSnapshot", "MandateStatus", "MandateSuspended", "MandateUnblocked", "ManualLine",
    "MarkBatchTransmitted", "MatchBankTransaction", "MatchStatus", "MatchedLines", "NoticeItem", "NoticeKind", "NoticeMedium",
    "NoticeStatus", "OpenItem", "OpenItemPage", "OverpaymentDetected", "OverrideScope", "PainVersion", "PauseRecoveryCase",
    "PauseSchedule", "Payment", "PaymentAlert", "PaymentAlertAcknowledged", "PaymentAlertPage", "PaymentAlertRaised",
    "PaymentAllocated", "PaymentBatched", "PaymentCancelled", "PaymentCount", "PaymentCreated", "PaymentErrorClass",
    "PaymentFailed", "PaymentMethod", "PaymentMethodAdded", "PaymentMethodDetached", "PaymentPage", "PaymentPrenotificationDue",
    "PaymentPromise", "PaymentPromiseBroken", "PaymentPromiseKept", "PaymentPromisePage", "PaymentPromiseRecorded",
    "PaymentReceived", "PaymentRef", "PaymentRefunded", "PaymentRejected", "PaymentRequiresAction", "PaymentReturnCancelled",
    "PaymentReturned", "PaymentSettings", "PaymentSettingsValues", "PaymentStandingChanged", "PaymentStats", "PaymentStatus",
    "PaymentSubmitted", "PaymentTimeline", "PaymentTimelineEntry", "PaymentType", "PaymentUnallocated", "PlannedBy", "PolicyScope",
    "PostManualEntry", "PrenotificationMode", "PrepareCollectionBatches", "PromiseRef", "PromiseStatus", "PromiseVia",
    "ProposeSettlementPlan", "Provider", "ProviderOverride", "ProviderOverridePage", "ProviderStatusMapping",
    "ProviderStatusMappingPage", "PspAccount", "PspAccountPage", "PspAccountSummary", "PspAccountTest", "PspAccountsSummary",
    "PspEvent", "PspEventPage", "PspEventStatus", "PspHealth", "PspMode", "PspStatus", "QuoteRecoveryAmount", "QuotedItem", "RType",
    "ReasonCategory", "ReasonScheme", "ReceivableDefaultCured", "ReceivableDefaulted", "ReceivableRef", "ReceivePspWebhook",
    "ReconciliationStatus", "RecordManualPayment", "RecordPaymentPromise", "RecoveryCase", "RecoveryCaseClosed",
    "RecoveryCaseEscalated", "RecoveryCaseOpened", "RecoveryCasePage", "RecoveryCasePaused", "RecoveryCaseReopened",
    "RecoveryCaseResumed", "RecoveryCaseStatus", "RecoveryCharge", "RecoveryChargeInvoicingRequested", "RecoveryChargePage",
    "RecoveryChargeRaised", "RecoveryChargeWaived", "RecoveryDay", "RecoveryItem", "RecoveryItemStatus", "RecoveryMetrics",
    "RecoveryQuote", "Refund", "RefundChannel", "RefundFailed", "RefundPage", "RefundReason", "RefundStatus", "RefuseRefund",
    "RejectionReason", "RejectionReasons", "Reminder", "ReminderCancelled", "ReminderChannel", "ReminderFailed", "ReminderPage",
    "ReminderPlanned", "ReminderPolicy", "ReminderPolicyPage", "ReminderRef", "ReminderRequested", "ReminderRule", "ReminderSent",
    "ReminderStatus", "ReminderTerms", "ReminderTrigger", "RenewSchedule", "ReopenAccountingPeriod", "ReplayPspEvent",
    "RequestReactivation", "RequestSuspension", "RequestedTerminationReason", "RescheduleInstalment", "RescheduleReason",
    "ResetCircuit", "ResolveAlert", "ResolveDispute", "ResolvePspEvent", "ResumePolicy", "ResumeRecoveryCase", "ResumeSchedule",
    "RetryAdvice", "RetryAnchor", "RetryAttempt", "RetryAttemptCancelled", "RetryAttemptExecuted", "RetryAttemptFailed",
    "RetryAttemptScheduled", "RetryAttemptStatus", "RetryAttemptSucceeded", "RetryCounts", "RetryEligibility", "RetryOutcome",
    "RetryPlan", "RetryPlanCancelled", "RetryPlanCreated", "RetryPlanExhausted", "RetryPlanPage", "RetryPlanStatus", "RetryPolicy",
    "RetryPolicyPage", "RetryRef", "RetryResult", "RetryRun", "RetryRunPage", "RetryRunReport", "RetryTerms", "RevealIban",
    "RevealedIban", "ReverseEntry", "RiskLevel", "RotatePspWebhookSecret", "RoutingConditions", "RoutingEvaluation",
    "RoutingResult", "RoutingRule", "RoutingRulePage", "RunEmission", "RunRetries", "RunStatus", "RunTrigger", "SavedMeans",
    "SavedMeansFields", "SavedMeansKind", "SavedMeansPage", "SavedMeansStatus", "Schedule", "ScheduleCancelled",
    "ScheduleCompleted", "ScheduleCreated", "ScheduleFrequency", "SchedulePage", "SchedulePaused", "ScheduleReason",
    "ScheduleResumed", "ScheduleSnapshot", "ScheduleStatus", "ScheduleUpdated", "SequenceType", "ServiceState",
    "SetDefaultPaymentMethod", "SettlementCollection", "SettlementFrequency", "SettlementPlan", "SettlementPlanActivated",
    "SettlementPlanBroken", "SettlementPlanCompleted", "SettlementPlanPage", "SettlementRef", "SettlementStatus",
    "SettlementTranche", "SetupMandate", "SetupSession", "SetupStatus", "SeverityCount", "SignatureChannel", "SkipInstalment",
    "StaffAction", "Standing", "StepAction", "StepGuard", "StepTrigger", "SubmitPayment", "SuspensionLiftRequested",
    "SuspensionMode", "SuspensionOrder", "SuspensionOrderPage", "SuspensionReason", "SuspensionRequested", "SuspensionScope",
    "SuspensionStatus", "SuspensionWithdrawn", "TaskPriority", "TestPspAccount", "TestRouting", "TrancheAmount", "TrancheStatus",
    "Transport", "TrialBalance", "UnallocatePayment", "UnallocationReason", "UnblockMandate", "UnletterLines",
    "UnmatchBankTransaction", "UpdateBankDetails", "UpdateCreditorAccount", "UpdateDunningPolicy", "UpdateFeeRule",
    "UpdatePaymentSettings", "UpdatePspAccount", "UpdateReminderPolicy", "UpdateRetryPolicy", "UpdateRoutingRule", "UpdateSchedule",
    "UpsertBankDetailsByExternalId", "UpsertProviderStatusMapping", "UpsertedBankDetails", "WaiveBlock", "WaiveRecoveryCharge",
    "WebhookReply",
]  # fmt: skip
