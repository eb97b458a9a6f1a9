// SPDX-License-Identifier: Apache-2.0
//
// usage: openapi_fetch.js URL
//
// Use the service at URL with openapi-fetch and the types of openapi-typescript.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import {
  ID, batch, counted, counts, gaps, inFlight, launched, others, rocket,
} from "./messages.js";
import type { components, paths } from "./schema.js";

type Message = components["schemas"]["Message"];
type Receipt = components["schemas"]["Receipt"];
type Rocket = components["schemas"]["Rocket"];

const client = createClient<paths>({ baseUrl: process.argv[2] ?? "" });

// Post one message, and check its result.
async function post(message: Message, result: Receipt["result"]) {
  const { data, error } = await client.POST("/messages", { body: message });
  assert.ok(data, error?.detail);
  assert.ok("result" in data, "the receipt of a batch");
  assert.deepEqual([data.result, data.processed], [result, result === "applied"]);
}

async function main() {
  await post(launched, "applied");
  await post(launched, "duplicate");
  for (const message of others)
    await post(message, "applied");

  const { data: receipt } = await client.POST("/messages", {
    body: batch,
    bodySerializer: (lines) => lines,
    headers: { "Content-Type": "application/x-ndjson" },
  });
  assert.ok(receipt && "errors" in receipt);
  const { errors, ...found } = receipt;
  assert.deepEqual(found, counts);
  assert.equal(errors[0]?.line, 3);

  const { data: page, response } = await client.GET("/rockets", {
    params: { query: { sort: "speed", order: "desc", limit: 1, idPrefix: ID } },
  });
  assert.equal(response.headers.get("X-Total-Count"), "2");
  const [fastest]: Rocket[] = page ?? [];
  assert.ok(fastest);
  assert.equal(fastest.id, inFlight.metadata.channel);
  const unknown: Rocket["type"] & Rocket["createdAt"] & Rocket["reason"] = null;
  assert.equal(fastest.type ?? fastest.createdAt ?? fastest.reason, unknown);

  const path = { id: ID };
  const { data: one } = await client.GET("/rockets/{id}", { params: { path } });
  assert.deepEqual(one, rocket);

  const { data: missing } = await client.GET("/rockets/{id}/gaps", { params: { path } });
  assert.deepEqual(missing?.gaps, gaps);
  const { data: fleet } = await client.GET("/fleet");
  assert.ok(fleet);
  assert.deepEqual(fleet.rockets, counted);
  const { data: changed } = await client.GET("/rockets", {
    params: { query: { since: `${fleet.start}-${rocket.revision}`, wait: 1 } },
  });
  assert.deepEqual(changed?.map((each) => each.id), [fastest.id]);

  const { error } = await client.GET("/rockets/{id}", {
    params: { path: { id: "nobody" } },
  });
  assert.ok(error);
  assert.deepEqual([error.status, error.title], [404, "Not Found"]);
  const { error: refused } = await client.POST("/messages", {
    body: { ...launched, metadata: { ...launched.metadata, messageNumber: 0 } },
  });
  assert.match(refused?.detail ?? "", /^metadata\.messageNumber must be/);
}

void main();
