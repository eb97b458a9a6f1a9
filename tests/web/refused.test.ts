// SPDX-License-Identifier: Apache-2.0
//
// A page that is refused: it waits to say so until it knows that no login ends it.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { loginReason } from "../../web/src/state/access.js";
import { connection } from "../../web/src/state/connection.js";
import { startFollowing, stopFollowing } from "../../web/src/state/following.js";
import { LoginService } from "./login_service.js";
import { gate, settle } from "./world.js";

let service = new LoginService();

beforeEach(() => {
  service = new LoginService();
  service.install();
  connection.value = { state: "connecting" };
});

afterEach(() => {
  stopFollowing();
  loginReason.value = null;
});

test("a login that is needed is asked for, and nothing else is said", async () => {
  const states: string[] = [];
  const end = connection.subscribe(({ state }) => { states.push(state); });
  service.statusOfReads = 401;
  startFollowing();
  await settle();
  end();
  assert.equal(loginReason.value, "needed");
  assert.deepEqual(states, ["connecting"]);
});

test("a refusal that no login ends, such as that of a proxy, is told", async () => {
  service.usesTokens = false;
  for (const status of [401, 403]) {
    connection.value = { state: "connecting" };
    service.statusOfReads = status;
    startFollowing();
    await settle();
    const now = connection.value as { state: string; status?: number; reason?: string };
    assert.deepEqual([now.state, now.status, now.reason], ["refused", status, "no"]);
    stopFollowing();
  }
  assert.equal(loginReason.value, null);
});

test("other refusals ask no one who the page is", async () => {
  service.statusOfReads = 503;
  startFollowing();
  await settle();
  assert.equal(connection.value.state, "refused");
  assert.ok(!service.requests.includes("GET session"));
});

test("a page that has stopped meanwhile says nothing", async () => {
  service.usesTokens = false;
  service.wait = gate();
  service.statusOfReads = 401;
  startFollowing();
  await settle();
  stopFollowing();
  connection.value = { state: "hidden" };
  service.wait.open();
  await settle();
  assert.equal(connection.value.state, "hidden");
});
