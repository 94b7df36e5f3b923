"""The seeded templates in English."""

from actors.engagement.templates.template import Template
from messages.engagement import EmailCategory

TEMPLATES = {
    "client.welcome": Template(
        EmailCategory.TRANSACTIONAL,
        "Welcome to {{ company_name }}",
        """Dear {{ client_name }},

We are happy to count you among our clients, and here to help.""",
    ),
    "contract.signed": Template(
        EmailCategory.TRANSACTIONAL,
        "Your contract {{ contract_reference }} is signed",
        """Dear {{ client_name }},

Your contract {{ contract_reference }} was signed on {{ signed_on | date }}. You find it attached; please keep it.
{% if withdrawal_ends_on %}

You may withdraw without giving a reason until {{ withdrawal_ends_on | date }}.
{% endif %}""",
    ),
    "contract.termination_acknowledged": Template(
        EmailCategory.LEGAL,
        "Termination of your contract {{ contract_reference }}",
        """Dear {{ client_name }},

We confirm that we received the termination of your contract {{ contract_reference }} on {{ received_on | date }}.

The contract ends on {{ ends_on | date }}.""",
    ),
    "contract.termination_revoked": Template(
        EmailCategory.LEGAL,
        "Your contract {{ contract_reference }} goes on",
        """Dear {{ client_name }},

The termination of your contract {{ contract_reference }} was revoked: the contract goes on.""",
    ),
    "invoice.available": Template(
        EmailCategory.TRANSACTIONAL,
        "Your invoice {{ invoice_number }}",
        """Dear {{ client_name }},

Please find attached invoice {{ invoice_number }} over {{ gross | money }}.
{% if due_date %}

It is due on {{ due_date | date }}.
{% endif %}""",
    ),
    "debit.prenotification": Template(
        EmailCategory.TRANSACTIONAL,
        "Direct debit of {{ amount | money }} on {{ collection_date | date }}",
        """Dear {{ client_name }},

We will collect {{ amount | money }} on {{ collection_date | date }} from your account {{ iban_masked }}.
{% if invoice_number %}

This debit pays invoice {{ invoice_number }}.
{% endif %}

Creditor: {{ creditor_name }} ({{ creditor_identifier }})
Mandate reference: {{ rum }}""",
    ),
    "reminder.level1": Template(
        EmailCategory.DUNNING,
        "A payment did not go through",
        """Dear {{ client_name }},

It seems that a payment of {{ amount | money }} did not go through.
{% if payment_url %}

You can pay online: {{ payment_url }}
{% endif %}

If you have paid in the meantime, please ignore this message.""",
        short="{{ company_name }}: a payment of {{ amount | money }} did not go through."
        "{% if payment_url %} Pay: {{ payment_url }}{% endif %}",
    ),
    "reminder.level2": Template(
        EmailCategory.DUNNING,
        "Last reminder before formal notice",
        """Dear {{ client_name }},

In spite of our first reminder, {{ amount | money }} are still due.
{% if payment_url %}

Please pay now: {{ payment_url }}
{% endif %}

Without payment your service may be suspended.""",
        short="{{ company_name }}: {{ amount | money }} are still due. Without payment your service may be suspended."
        "{% if payment_url %} Pay: {{ payment_url }}{% endif %}",
    ),
    "reminder.level3": Template(
        EmailCategory.DUNNING,
        "Unpaid: your service is suspended",
        """Dear {{ client_name }},

{{ amount | money }} are still unpaid after several reminders. Your file goes to collection.
{% if payment_url %}

Immediate payment ends the procedure: {{ payment_url }}
{% endif %}""",
        short="{{ company_name }}: {{ amount | money }} are unpaid. Your file goes to collection."
        "{% if payment_url %} Pay: {{ payment_url }}{% endif %}",
    ),
    "reminder.thanks": Template(
        EmailCategory.TRANSACTIONAL,
        "Thank you for your payment",
        """Dear {{ client_name }},

We received your payment of {{ amount | money }}. Your account is in order.""",
        short="{{ company_name }}: we received your payment of {{ amount | money }}. Thank you.",
    ),
    "organisation.invitation": Template(
        EmailCategory.TRANSACTIONAL,
        "Invitation to join {{ organisation_name }}",
        """Hello,

You are invited to join {{ organisation_name }} ({{ role_names }}).
{% if message %}

{{ message }}
{% endif %}

To accept, follow this link before {{ expires_on | date }}: {{ link }}

It is yours alone and works once. If you did not expect this invitation, ignore this message.""",
    ),
    "user.inactivity": Template(
        EmailCategory.TRANSACTIONAL,
        "Your access to {{ organisation_name }} closes on {{ closes_on | date }}",
        """Hello,

You have not signed in to {{ organisation_name }} for a long time. Unless you do, your access is closed on
{{ closes_on | date }}.

To keep it, sign in once before that day. An administrator can open a closed access again.""",
    ),
}
