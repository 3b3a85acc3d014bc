// Drives the official JavaScript client of Elasticsearch, 8 or 9. node elastic_node.mjs URL
import assert from "node:assert/strict";
import { Client } from "@elastic/elasticsearch";

const document = (i) => ({
  timestamp: 1760000000 + i, workload_id: "node", client_id: "dev",
  request: { model: "big", messages: [{ role: "user", content: `question ${i} é世😀` }] },
  response: { choices: [{ index: 0, message: { role: "assistant", content: `answer ${i}` } }] },
});

const client = new Client({ node: process.argv[2], compression: true });
const index = "node-traffic";
assert.equal((await client.info()).tagline, "You Know, for Search");
assert.equal(await client.ping(), true);
if (!(await client.indices.exists({ index }))) await client.indices.create({ index });
const result = await client.helpers.bulk({
  datasource: Array.from({ length: 1200 }, (_, i) => document(i)),
  flushBytes: 100000,
  onDocument: () => ({ index: { _index: index } }),
  onDrop: (dropped) => assert.fail(JSON.stringify(dropped)),
});
assert.equal(result.successful, 1200);
assert.equal((await client.count({ index })).count, 1200);
const mixed = await client.bulk({ index, operations: [{ create: {} }, { message: "no traffic" }, { create: {} }, document(1200)] });
assert.deepEqual(mixed.items.map((item) => item.create.status), [400, 201]);
let count = 0;
for await (const _ of client.helpers.scrollDocuments({ index, size: 250, query: { match: { workload_id: "node" } } })) count++;
assert.equal(count, 1201);
const page = await client.search({ index, size: 1, sort: [{ timestamp: "desc" }], _source: { excludes: ["response"] } });
const { response, ...rest } = document(1200);
assert.deepEqual(page.hits.hits[0]._source, rest);
await assert.rejects(client.search({ index, query: { fuzzy: { workload_id: "x" } } }), /fuzzy/);
console.log("ok");
