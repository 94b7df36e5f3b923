"""Drive the CRM with nothing but nats-py: python client.py .crm/default/connection.json"""

import asyncio
import json
import sys
import uuid
from pathlib import Path
from typing import Any

import nats


async def main(path: str) -> None:
    crm = json.loads(Path(path).read_text())
    connection = await nats.connect(
        crm["nats_url"], nkeys_seed_str=crm["nats_seed"], inbox_prefix=crm["inbox_prefix"].encode()
    )

    async def ask(subject: str, body: dict[str, Any]) -> Any:
        headers = {"authorization": f"Bearer {crm['token']}", "idempotency-key": str(uuid.uuid4())}
        reply = await connection.request(subject, json.dumps(body).encode(), headers=headers, timeout=5)
        answer = json.loads(reply.data)
        if "Nats-Service-Error-Code" in (reply.headers or {}):
            sys.exit(f"{answer['code']}: {answer['detail']}")
        return answer

    # A new organisation sells nothing yet: its first company is what clients are clients of.
    address = {"street": "1 rue de la Paix", "postal_code": "75002", "city": "Paris"}
    first = {"code": "ONE", "legal_name": "Première société", "siren": "732829320", "address": address}
    companies = (await ask("crm.identity.list_companies", {}))["items"]
    company = companies[0] if companies else await ask("crm.identity.create_company", first)
    if not companies:
        await asyncio.sleep(0.5)  # the other actors learn of it by its event

    created = await connection.subscribe(f"crm.events.client.created.{crm['organisation_id']}")
    emails = [f"ada.{uuid.uuid4()}@example.fr"]  # the same person twice would be refused as a duplicate
    person = {"given_name": "Ada", "family_name": "Lovelace", "emails": emails}
    client = await ask("crm.clients.create_client", person | {"company_id": company["company_id"]})
    print("client", client["id"])
    event = await created.next_msg(timeout=5)
    print("event", event.headers["ce-type"], event.headers["ce-subject"])
    print(len((await ask("crm.clients.list_clients", {"limit": 5}))["items"]), "clients")
    await connection.close()


asyncio.run(main(sys.argv[1]))
