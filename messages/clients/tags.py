"""clients, tags: put on and taken off one by one."""

from uuid import UUID

from messages.base import Request
from messages.clients.client import Client, Tag


class AddTag(Request[Client], permission="clients:client:write"):
    """Put a tag on a client, whatever others change of him meanwhile; at most thirty."""

    client_id: UUID
    tag: Tag


class RemoveTag(Request[Client], permission="clients:client:write"):
    """Take a tag off a client."""

    client_id: UUID
    tag: Tag
