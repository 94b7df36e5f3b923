"""The seeded templates of recovery, as mail and as text message. A date of the next debit makes it its pre-notification."""

from actors.engagement.templates.template import Template
from messages.engagement import EmailCategory

_FRENCH_DEBIT = """{% if next_collection_date %}

Nous présenterons un nouveau prélèvement de {{ amount | money }} le {{ next_collection_date | date }}.
Créancier : {{ creditor_name }} (ICS {{ creditor_identifier }})
Référence unique du mandat : {{ rum }}
{% endif %}"""
_FRENCH_LINK = """{% if payment_url %}

Vous pouvez régler en ligne : {{ payment_url }}
{% endif %}"""
_ENGLISH_DEBIT = """{% if next_collection_date %}

We will present a new direct debit of {{ amount | money }} on {{ next_collection_date | date }}.
Creditor: {{ creditor_name }} ({{ creditor_identifier }})
Mandate reference: {{ rum }}
{% endif %}"""
_ENGLISH_LINK = """{% if payment_url %}

You can pay online: {{ payment_url }}
{% endif %}"""

FRENCH = {
    "reminder.debit_failed": Template(
        EmailCategory.DUNNING,
        "Votre prélèvement de {{ amount | money }} n'a pas abouti",
        """Bonjour {{ client_name }},

Votre prélèvement n'a pas abouti : {{ amount | money }} restent dus (dossier {{ case_number }})."""
        + _FRENCH_DEBIT
        + _FRENCH_LINK
        + """

Si vous avez réglé entre-temps, ne tenez pas compte de ce message.""",
        short="{{ company_name }} : votre prélèvement de {{ amount | money }} n'a pas abouti."
        "{% if payment_url %} Régler : {{ payment_url }}{% endif %}",
    ),
    "reminder.please_pay": Template(
        EmailCategory.DUNNING,
        "{{ amount | money }} restent à régler",
        """Bonjour {{ client_name }},

Sauf erreur de notre part, {{ amount | money }} restent à régler (dossier {{ case_number }})."""
        + _FRENCH_DEBIT
        + _FRENCH_LINK,
        short="{{ company_name }} : {{ amount | money }} restent à régler."
        "{% if next_collection_date %} Prochain prélèvement le {{ next_collection_date | date }}.{% endif %}"
        "{% if payment_url %} Régler : {{ payment_url }}{% endif %}",
    ),
    "reminder.suspension_warning": Template(
        EmailCategory.DUNNING,
        "Avertissement avant suspension de votre service",
        """Bonjour {{ client_name }},

Malgré nos messages, {{ amount | money }} restent dus (dossier {{ case_number }}). Sans règlement de votre part, votre \
service sera suspendu, au plus tôt 48 heures après ce message."""
        + _FRENCH_DEBIT
        + _FRENCH_LINK,
        short="{{ company_name }} : {{ amount | money }} impayés. Sans règlement, votre service sera suspendu dans 48 h."
        "{% if payment_url %} Régler : {{ payment_url }}{% endif %}",
    ),
    "reminder.suspended": Template(
        EmailCategory.DUNNING,
        "Votre service est suspendu",
        """Bonjour {{ client_name }},

{{ amount | money }} restant impayés (dossier {{ case_number }}), votre service est suspendu. Il est rétabli dès que \
votre règlement nous parvient."""
        + _FRENCH_LINK,
        short="{{ company_name }} : service suspendu, {{ amount | money }} impayés. Il est rétabli dès votre règlement."
        "{% if payment_url %} Régler : {{ payment_url }}{% endif %}",
    ),
}

ENGLISH = {
    "reminder.debit_failed": Template(
        EmailCategory.DUNNING,
        "Your direct debit of {{ amount | money }} failed",
        """Dear {{ client_name }},

Your direct debit failed: {{ amount | money }} are still due (file {{ case_number }})."""
        + _ENGLISH_DEBIT
        + _ENGLISH_LINK
        + """

If you have paid in the meantime, please ignore this message.""",
        short="{{ company_name }}: your direct debit of {{ amount | money }} failed."
        "{% if payment_url %} Pay: {{ payment_url }}{% endif %}",
    ),
    "reminder.please_pay": Template(
        EmailCategory.DUNNING,
        "{{ amount | money }} are still due",
        """Dear {{ client_name }},

{{ amount | money }} are still due (file {{ case_number }})."""
        + _ENGLISH_DEBIT
        + _ENGLISH_LINK,
        short="{{ company_name }}: {{ amount | money }} are still due."
        "{% if next_collection_date %} Next debit on {{ next_collection_date | date }}.{% endif %}"
        "{% if payment_url %} Pay: {{ payment_url }}{% endif %}",
    ),
    "reminder.suspension_warning": Template(
        EmailCategory.DUNNING,
        "Warning before your service is suspended",
        """Dear {{ client_name }},

In spite of our messages {{ amount | money }} are still due (file {{ case_number }}). Without payment your service will \
be suspended, at the earliest 48 hours after this message."""
        + _ENGLISH_DEBIT
        + _ENGLISH_LINK,
        short="{{ company_name }}: {{ amount | money }} unpaid. Without payment your service is suspended in 48 h."
        "{% if payment_url %} Pay: {{ payment_url }}{% endif %}",
    ),
    "reminder.suspended": Template(
        EmailCategory.DUNNING,
        "Your service is suspended",
        """Dear {{ client_name }},

{{ amount | money }} are still unpaid (file {{ case_number }}): your service is suspended. It is restored as soon as \
your payment arrives."""
        + _ENGLISH_LINK,
        short="{{ company_name }}: service suspended, {{ amount | money }} unpaid. It is restored as soon as you pay."
        "{% if payment_url %} Pay: {{ payment_url }}{% endif %}",
    ),
}
