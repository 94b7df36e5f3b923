"""The sixteen roles that every organisation has (spec 6.2)."""

from dataclasses import dataclass
from uuid import UUID

from messages.identity import DataScope
from messages.values.identifiers import derived_id

BUSINESS_ACTORS = (
    *("activites", "calendar", "clients", "commercial", "contrats", "documents"),
    *("engagement", "factures", "logistics", "payments", "products"),
)


@dataclass(frozen=True, slots=True)
class SystemRole:
    """One of them; read-only for everybody."""

    code: str
    name: str
    rank: int
    data_scope: DataScope
    permissions: tuple[str, ...]
    assignable: bool = True

    @property
    def id(self) -> UUID:
        """The same in every installation."""
        return derived_id("system role", self.code)


def _reads(*actors: str) -> tuple[str, ...]:
    return tuple(f"{actor}:*:read" for actor in actors)


def _reads_and_writes(*actors: str) -> tuple[str, ...]:
    return tuple(f"{actor}:*:{action}" for actor in actors for action in ("read", "write"))


def _identity(*rights: str) -> tuple[str, ...]:
    return tuple(f"identity:{right}" for right in rights)


def _all_of(*actors: str) -> tuple[str, ...]:
    return tuple(f"{actor}:*" for actor in actors)


SYSTEM_ROLES = (
    SystemRole(
        "owner",
        "Propriétaire",
        100,
        DataScope.ORGANISATION,
        (
            "*",
            *_identity("organisation:close", "organisation:transfer_ownership"),
            *_identity("audit:read", "audit:verify", "audit:export"),
            *_identity("break_glass:read", "break_glass:list", "break_glass:review"),
        ),
        assignable=False,
    ),
    SystemRole(
        "group_admin",
        "Admin Groupe",
        90,
        DataScope.ORGANISATION,
        ("*", *_identity("audit:read", "audit:verify")),
    ),
    SystemRole(
        "company_admin",
        "Admin Société",
        80,
        DataScope.COMPANY,
        (
            *_all_of(*BUSINESS_ACTORS),
            *_identity("membership:*", "invitation:*", "role:read", "company:read", "company:write", "user:read"),
        ),
    ),
    SystemRole(
        "it_admin",
        "IT",
        75,
        DataScope.ORGANISATION,
        (
            *_identity("user:*", "membership:*", "invitation:*", "session:*", "role:*", "machine_account:*"),
            *_identity("organisation:security", "audit:read", "audit:verify", "break_glass:activate"),
            *("*:data_key:*", "*:integration:*", "*:dead_letter:*"),
        ),
    ),
    SystemRole(
        "dpo",
        "Délégué à la protection des données",
        70,
        DataScope.ORGANISATION,
        (
            *_identity("privacy_request:*", "legal_hold:*", "retention_policy:*", "purge_run:*"),
            *_identity("audit:read", "audit:export", "break_glass:review"),
            *_reads("clients"),
        ),
    ),
    SystemRole(
        "auditor",
        "Auditeur",
        65,
        DataScope.ORGANISATION,
        ("*:*:read", *_identity("audit:read", "audit:verify", "audit:export")),
    ),
    SystemRole("executive", "Direction générale", 60, DataScope.ORGANISATION, ("*:*:read", "commercial:*:approve")),
    SystemRole(
        "sales_director",
        "Direction commerciale",
        55,
        DataScope.ORGANISATION,
        (
            *_all_of("commercial", "activites"),
            *_reads("clients", "contrats", "products", "factures"),
            *("engagement:dashboard:read", "identity:membership:read"),
        ),
    ),
    SystemRole(
        "accountant",
        "Comptable",
        50,
        DataScope.ORGANISATION,
        (
            *_all_of("factures"),
            *_reads("payments", "commercial", "products", "clients", "contrats", "documents", "calendar"),
            *("payments:*:export", "payments:reconciliation:*", "commercial:*:export"),
            *("products:accounting_mapping:*", "engagement:dashboard:read"),
        ),
    ),
    SystemRole(
        "back_office",
        "ADV / Contrôle qualité",
        45,
        DataScope.ORGANISATION,
        (
            *_all_of("clients", "contrats", "documents", "activites", "logistics", "engagement"),
            *_reads("commercial", "payments", "factures", "products", "calendar"),
            *("commercial:commission:*", "commercial:statement:*", "payments:retry:*"),
        ),
    ),
    SystemRole(
        "catalogue_manager",
        "Responsable catalogue",
        45,
        DataScope.ORGANISATION,
        (
            *_reads("products", "documents"),
            *(f"products:{part}:*" for part in ("product", "range", "version", "price", "document", "publication")),
        ),
    ),
    SystemRole(
        "manager",
        "Manager commercial",
        40,
        DataScope.TEAM,
        (
            *_reads_and_writes("clients", "contrats", "documents"),
            *_all_of("activites"),
            *_reads("commercial", "products"),
            *("clients:*:delete", "engagement:dashboard:read", "identity:membership:read"),
        ),
    ),
    SystemRole(
        "member",
        "Membre",
        30,
        DataScope.ORGANISATION,
        (
            *_reads_and_writes("clients", "contrats", "documents", "activites", "logistics", "engagement"),
            *_reads("products", "factures", "calendar"),
        ),
    ),
    SystemRole(
        "salesperson",
        "Commercial/VRP",
        25,
        DataScope.OWN,
        (
            *_reads_and_writes("clients", "contrats", "documents"),
            *_all_of("activites"),
            *_reads("products"),
            *("commercial:commission:read", "commercial:statement:read", "commercial:statement:contest"),
        ),
    ),
    SystemRole(
        "referrer",
        "Apporteur externe",
        15,
        DataScope.OWN,
        ("commercial:commission:read", "commercial:statement:read", "commercial:statement:contest"),
    ),
    SystemRole("viewer", "Lecteur", 10, DataScope.ORGANISATION, ("*:*:read",)),
)

COMPANY_LIST_REQUIRED = frozenset({"company_admin"})
"""Roles that are given for listed companies only."""

END_REQUIRED = frozenset({"auditor"})
"""Roles that are given for a time only."""
