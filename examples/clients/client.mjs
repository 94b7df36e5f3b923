// Drive the CRM from Node 20 or newer: npm install nats, then: node client.mjs .crm/try/connection.json
import { readFileSync } from "node:fs";
import { connect, headers, nkeyAuthenticator } from "nats";

const crm = JSON.parse(readFileSync(process.argv[2], "utf8"));
const seed = new TextEncoder().encode(crm.nats_seed);
const connection = await connect({ servers: crm.nats_url, authenticator: nkeyAuthenticator(seed), inboxPrefix: crm.inbox_prefix });

const ask = async (subject, body) => {
  const found = headers();
  found.set("authorization", `Bearer ${crm.token}`);
  found.set("idempotency-key", crypto.randomUUID());
  const reply = await connection.request(subject, JSON.stringify(body), { headers: found, timeout: 5000 });
  const answer = reply.json();
  if (reply.headers?.has("Nats-Service-Error-Code")) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer;
};

// A new organisation sells nothing yet: its first company is what clients are clients of.
const address = { street: "1 rue de la Paix", postal_code: "75002", city: "Paris" };
const first = { code: "ONE", legal_name: "Première société", siren: "732829320", address };
let company = (await ask("crm.identity.list_companies", {})).items[0];
if (!company) {
  company = await ask("crm.identity.create_company", first);
  await new Promise((resolve) => setTimeout(resolve, 500)); // the other actors learn of it by its event
}

const created = connection.subscribe(`crm.events.client.created.${crm.organisation_id}`, { max: 1 });
const emails = [`grace.${crypto.randomUUID()}@example.fr`]; // the same person twice would be refused as a duplicate
const person = { company_id: company.company_id, given_name: "Grace", family_name: "Hopper", emails };
const client = await ask("crm.clients.create_client", person);
console.log("client", client.id);
for await (const event of created) console.log("event", event.headers.get("ce-type"), event.headers.get("ce-subject"));
console.log((await ask("crm.clients.list_clients", { limit: 5 })).items.length, "clients");
await connection.close();
