"""Drive the CRM with nothing but nats-py: python client.py .crm/default/connection.json"""

import asyncio
import json
import sys
import uuid
from pathlib import Path

import nats


async def main(path: str) -> None:
    crm = json.loads(Path(path).read_text())
    connection = await nats.connect(
        crm["nats_url"], nkeys_seed_str=crm["nats_seed"], inbox_prefix=crm["inbox_prefix"].encode()
    )
    await connection.subscribe(f"crm.events.client.*.{crm['organisation_id']}", cb=hear)
    bearer = {"authorization": f"Bearer {crm['token']}"}
    person = {"given_name": "Ada", "family_name": "Lovelace", "emails": ["ada@example.fr"]}
    headers = bearer | {"idempotency-key": str(uuid.uuid4())}
    reply = await connection.request("crm.clients.create_client", json.dumps(person).encode(), headers=headers)
    print(json.loads(reply.data))  # the client, or a Problem when the header Nats-Service-Error-Code is there
    reply = await connection.request("crm.clients.list_clients", b'{"limit": 5}', headers=bearer)
    print(len(json.loads(reply.data)["items"]), "clients")
    await asyncio.sleep(0.3)  # let the event arrive before leaving
    await connection.close()


async def hear(message: nats.aio.msg.Msg) -> None:
    print("event", message.headers["ce-type"], message.headers["ce-subject"])


asyncio.run(main(sys.argv[1]))
