// SPDX-License-Identifier: Apache-2.0
//
// usage: hey_api.js URL
//
// Use the service at URL with the client of @hey-api/openapi-ts.

import assert from "node:assert/strict";
import { client } from "./hey_api/client.gen.js";
import type { BatchReceipt, Message, Receipt, Rocket } from "./hey_api/index.js";
import { getFleet, getGaps, getRocket, listRockets, postMessage } from "./hey_api/index.js";
import {
  ID, batch, counted, counts, gaps, inFlight, launched, others, rocket,
} from "./messages.js";

// Post one message, and check its result.
async function post(message: Message, result: Receipt["result"]) {
  const { data, error } = await postMessage({ body: message });
  assert.ok(data, error?.detail);
  assert.ok("result" in data, "the receipt of a batch");
  assert.deepEqual([data.result, data.processed], [result, result === "applied"]);
}

async function main() {
  client.setConfig({ baseUrl: process.argv[2] });
  await post(launched, "applied");
  await post(launched, "duplicate");
  for (const message of others)
    await post(message, "applied");

  // postMessage() sends only JSON; its client sends anything.
  const { data: receipt } = await client.post<{ 202: BatchReceipt }>({
    url: "/messages",
    body: batch,
    bodySerializer: null,
    headers: { "Content-Type": "application/x-ndjson" },
  });
  assert.ok(receipt);
  const { errors, ...found } = receipt;
  assert.deepEqual(found, counts);
  assert.equal(errors[0]?.line, 3);

  const { data: page, response } = await listRockets({
    query: { sort: "speed", order: "desc", limit: 1, idPrefix: ID },
  });
  assert.equal(response.headers.get("X-Total-Count"), "2");
  const [fastest]: Rocket[] = page ?? [];
  assert.ok(fastest);
  assert.equal(fastest.id, inFlight.metadata.channel);
  const unknown: Rocket["type"] & Rocket["createdAt"] & Rocket["reason"] = null;
  assert.equal(fastest.type ?? fastest.createdAt ?? fastest.reason, unknown);

  const { data: one } = await getRocket({ path: { id: ID } });
  assert.deepEqual(one, rocket);

  const { data: missing } = await getGaps({ path: { id: ID } });
  assert.deepEqual(missing?.gaps, gaps);
  const { data: fleet } = await getFleet();
  assert.ok(fleet);
  assert.deepEqual(fleet.rockets, counted);
  const { data: changed } = await listRockets({
    query: { since: `${fleet.start}-${rocket.revision}`, wait: 1 },
  });
  assert.deepEqual(changed?.map((each) => each.id), [fastest.id]);

  const { error } = await getRocket({ path: { id: "nobody" } });
  assert.ok(error);
  assert.deepEqual([error.status, error.title], [404, "Not Found"]);
  const { error: refused } = await postMessage({
    body: { ...launched, metadata: { ...launched.metadata, messageNumber: 0 } },
  });
  assert.match(refused?.detail ?? "", /^metadata\.messageNumber must be/);
}

void main();
