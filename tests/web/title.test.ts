// SPDX-License-Identifier: Apache-2.0
//
// The title of the document.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionWord, titleOf } from "../../web/src/ui/title.js";

const live = { state: "live" } as const;

test("the_title_counts_rockets", () => {
  assert.equal(titleOf(live, null, { total: 20, exploded: 3 }), "20 rockets, 3 exploded – lunar");
  assert.equal(titleOf(live, null, { total: 1, exploded: 0 }), "1 rocket – lunar");
  assert.equal(titleOf(live, null, undefined), "lunar");
});

test("the_title_names_the_rocket_that_is_shown", () => {
  assert.equal(titleOf(live, "a-1", { total: 20, exploded: 3 }), "a-1 – lunar");
});

test("the_title_says_that_the_connection_is_lost", () => {
  const lost = { state: "reconnecting", reason: "", retryAt: null } as const;
  assert.equal(titleOf(lost, "a-1", { total: 20, exploded: 3 }), "Reconnecting – lunar");
  assert.equal(titleOf({ state: "yielded" }, null, undefined), "Paused – lunar");
});

test("a_hidden_page_keeps_its_counts", () => {
  assert.equal(titleOf({ state: "hidden" }, null, { total: 2, exploded: 0 }),
    "2 rockets – lunar");
});

test("a_refusal_says_whether_it_is_the_service_or_the_request", () => {
  const refused = { state: "refused", reason: "", retryAt: null } as const;
  assert.equal(connectionWord({ ...refused, status: 503 }), "Unavailable");
  assert.equal(connectionWord({ ...refused, status: 400 }), "Refused");
});
