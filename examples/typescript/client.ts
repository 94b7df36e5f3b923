// Types of every request come from the bridge's OpenAPI document: npm install, npm run generate, npm run check.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./crm.d.ts";

type Client = components["schemas"]["Client"];
type Problem = components["schemas"]["Problem"];
type Connection = { bridge_url: string; token: string };

const file = process.argv[2] ?? ".crm/try/connection.json";
const connection: Connection = JSON.parse(readFileSync(file, "utf8"));
const crm = createClient<paths>({
  baseUrl: connection.bridge_url,
  headers: { Authorization: `Bearer ${connection.token}` },
});

function refused(problem: Problem): Error {
  const fields = (problem.fields ?? []).map((field) => `${field.field}: ${field.message}`);
  return new Error([`${problem.code}: ${problem.detail}`, ...fields].join("\n"));
}

async function newClient(givenName: string, familyName: string): Promise<Client> {
  const { data, error } = await crm.POST("/v1/clients/create_client", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: { given_name: givenName, family_name: familyName, emails: [`${crypto.randomUUID()}@example.fr`] },
  });
  if (error) throw refused(error);
  return data;
}

async function* allClients(): AsyncGenerator<components["schemas"]["ClientSummary"]> {
  let cursor: string | undefined;
  do {
    const query = { limit: 100, ...(cursor ? { cursor } : {}) };
    const { data, error } = await crm.GET("/v1/clients/list_clients", { params: { query } });
    if (error) throw refused(error);
    yield* data.items;
    cursor = data.next_cursor ?? undefined;
  } while (cursor);
}

const made = await newClient("Grace", "Hopper");
console.log(`client ${made.id} is ${made.status_code}`);
let count = 0;
for await (const _ of allClients()) count += 1;
console.log(`${count} clients`);
