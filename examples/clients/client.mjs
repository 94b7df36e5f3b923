// Drive the CRM from Node: npm install @nats-io/transport-node, then: node client.mjs .crm/default/connection.json
import { readFileSync } from "node:fs";
import { connect, headers, nkeyAuthenticator } from "@nats-io/transport-node";

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

console.log(await ask("crm.clients.create_client", { given_name: "Grace", family_name: "Hopper", emails: ["grace@example.fr"] }));
console.log((await ask("crm.clients.list_clients", { limit: 5 })).items.length, "clients");
await connection.close();
