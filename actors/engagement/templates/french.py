"""The seeded templates in French."""

from actors.engagement.templates.template import Template
from messages.engagement import EmailCategory

TEMPLATES = {
    "client.welcome": Template(
        EmailCategory.TRANSACTIONAL,
        "Bienvenue chez {{ company_name }}",
        """Bonjour {{ client_name }},

Nous sommes heureux de vous compter parmi nos clients et restons à votre écoute.""",
    ),
    "contract.signed": Template(
        EmailCategory.TRANSACTIONAL,
        "Votre contrat {{ contract_reference }} est signé",
        """Bonjour {{ client_name }},

Votre contrat {{ contract_reference }} a été signé le {{ signed_on | date }}. Vous le trouverez en pièce jointe ; \
conservez-le.
{% if withdrawal_ends_on %}

Vous pouvez vous rétracter sans motif jusqu'au {{ withdrawal_ends_on | date }} inclus.
{% endif %}""",
    ),
    "contract.termination_acknowledged": Template(
        EmailCategory.LEGAL,
        "Résiliation de votre contrat {{ contract_reference }}",
        """Bonjour {{ client_name }},

Nous accusons réception de la résiliation de votre contrat {{ contract_reference }}, reçue le {{ received_on | date }}.

Le contrat prendra fin le {{ ends_on | date }}.""",
    ),
    "contract.termination_revoked": Template(
        EmailCategory.LEGAL,
        "Votre contrat {{ contract_reference }} se poursuit",
        """Bonjour {{ client_name }},

La résiliation de votre contrat {{ contract_reference }} a été annulée : le contrat se poursuit.""",
    ),
    "invoice.available": Template(
        EmailCategory.TRANSACTIONAL,
        "Votre facture {{ invoice_number }}",
        """Bonjour {{ client_name }},

Vous trouverez en pièce jointe la facture {{ invoice_number }} d'un montant de {{ gross | money }}.
{% if due_date %}

Elle est à régler au plus tard le {{ due_date | date }}.
{% endif %}""",
    ),
    "debit.prenotification": Template(
        EmailCategory.TRANSACTIONAL,
        "Prélèvement de {{ amount | money }} le {{ collection_date | date }}",
        """Bonjour {{ client_name }},

Nous prélèverons {{ amount | money }} le {{ collection_date | date }} sur votre compte {{ iban_masked }}.
{% if invoice_number %}

Ce prélèvement règle la facture {{ invoice_number }}.
{% endif %}

Créancier : {{ creditor_name }} (ICS {{ creditor_identifier }})
Référence unique du mandat : {{ rum }}""",
    ),
    "reminder.level1": Template(
        EmailCategory.DUNNING,
        "Un paiement n'a pas abouti",
        """Bonjour {{ client_name }},

Sauf erreur de notre part, un paiement de {{ amount | money }} n'a pas abouti.
{% if payment_url %}

Vous pouvez régler en ligne : {{ payment_url }}
{% endif %}

Si vous avez réglé entre-temps, ne tenez pas compte de ce message.""",
        short="{{ company_name }} : un paiement de {{ amount | money }} n'a pas abouti."
        "{% if payment_url %} Régler : {{ payment_url }}{% endif %}",
    ),
    "reminder.level2": Template(
        EmailCategory.DUNNING,
        "Dernier rappel avant mise en demeure",
        """Bonjour {{ client_name }},

Malgré notre premier rappel, {{ amount | money }} restent dus.
{% if payment_url %}

Réglez sans attendre : {{ payment_url }}
{% endif %}

À défaut de paiement, votre service pourra être suspendu.""",
        short="{{ company_name }} : {{ amount | money }} restent dus. Sans paiement, votre service pourra être suspendu."
        "{% if payment_url %} Régler : {{ payment_url }}{% endif %}",
    ),
    "reminder.level3": Template(
        EmailCategory.DUNNING,
        "Impayé : suspension de votre service",
        """Bonjour {{ client_name }},

{{ amount | money }} restent impayés après plusieurs rappels. Votre dossier est transmis au recouvrement.
{% if payment_url %}

Un règlement immédiat met fin à la procédure : {{ payment_url }}
{% endif %}""",
        short="{{ company_name }} : {{ amount | money }} restent impayés. Votre dossier est transmis au recouvrement."
        "{% if payment_url %} Régler : {{ payment_url }}{% endif %}",
    ),
    "reminder.thanks": Template(
        EmailCategory.TRANSACTIONAL,
        "Merci de votre règlement",
        """Bonjour {{ client_name }},

Nous avons bien reçu votre règlement de {{ amount | money }}. Votre situation est régularisée.""",
        short="{{ company_name }} : nous avons bien reçu votre règlement de {{ amount | money }}. Merci.",
    ),
    "organisation.invitation": Template(
        EmailCategory.TRANSACTIONAL,
        "Invitation à rejoindre {{ organisation_name }}",
        """Bonjour,

Vous êtes invité à rejoindre {{ organisation_name }} ({{ role_names }}).
{% if message %}

{{ message }}
{% endif %}

Pour accepter, suivez ce lien avant le {{ expires_on | date }} : {{ link }}

Il est personnel et ne sert qu'une fois. Si vous n'attendiez pas cette invitation, ignorez ce message.""",
    ),
    "user.inactivity": Template(
        EmailCategory.TRANSACTIONAL,
        "Votre accès à {{ organisation_name }} sera fermé le {{ closes_on | date }}",
        """Bonjour,

Vous ne vous êtes pas connecté à {{ organisation_name }} depuis longtemps. Sans connexion de votre part, votre accès sera
fermé le {{ closes_on | date }}.

Pour le garder, connectez-vous une fois avant cette date. Un administrateur peut rouvrir un accès fermé.""",
    ),
}
