"""What a template is."""

from dataclasses import dataclass

from messages.engagement import EmailCategory


@dataclass(frozen=True, slots=True)
class Template:
    """Subject and body in Jinja2; an empty line makes a paragraph. `short`: the same as a text message, where one may be sent."""

    category: EmailCategory
    subject: str
    body: str
    short: str | None = None
