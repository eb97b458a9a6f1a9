// SPDX-License-Identifier: Apache-2.0
//
// When somebody has to log in, and what is said of why.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { RequestError } from "../../web/src/api/client.js";
import type { Session } from "../../web/src/api/types.js";
import {
  askForLogin, cancelLogin, checkAccess, checkFailure, followOthers, leaveOthers, logIn, logOut,
  loginReason, needsToken, session,
} from "../../web/src/state/access.js";
import type { Channel } from "../../web/src/state/tabs.js";
import { LoginService } from "./login_service.js";
import { settle } from "./world.js";

const reader = "lunar_reader";
const poster = "lunar_poster";
let service = new LoginService();

beforeEach(() => {
  service = new LoginService();
  service.tokens.set(reader, { name: "alice", scopes: ["read"] });
  service.tokens.set(poster, { name: "ci", scopes: ["ingest"] });
  service.install();
  leaveOthers();
  askForLogin(); // of this page
  loginReason.value = null;
  session.value = null;
});

async function failureOf(promise: Promise<void>): Promise<RequestError> {
  const error: unknown = await promise.then(() => null, (cause: unknown) => cause);
  assert.ok(error instanceof RequestError, String(error));
  return error;
}

// The channel to other tabs, as this page has it.
class FakeChannel implements Channel {
  onmessage: Channel["onmessage"] = null;
  readonly posted: unknown[] = [];
  isClosed = false;

  postMessage(message: unknown): void {
    this.posted.push(message);
  }

  close(): void {
    this.isClosed = true;
  }

  async hear(data: unknown): Promise<void> {
    this.onmessage?.({ data } as MessageEvent<unknown>);
    await settle();
  }
}

test("a service without tokens asks nobody to log in", async () => {
  service.usesTokens = false;
  assert.equal(await checkAccess(), false);
  assert.equal(loginReason.value, null);
});

test("whoever may not read has to log in, and then goes on", async () => {
  assert.equal(await checkAccess(), true);
  assert.equal(loginReason.value, "needed");
  await logIn(reader);
  assert.equal(loginReason.value, null);
  assert.equal(session.value?.name, "alice");
});

test("where everybody may read nobody has to log in", async () => {
  service.anonymous = ["ingest", "read"];
  assert.equal(await checkAccess(), false);
});

test("a service that does not answer, or knows no sessions, changes nothing", async () => {
  const answers = [
    () => { service.isGone = true; },
    () => { service.refusal = new Response("<html>", { status: 404 }); },
    () => { service.refusal = new Response("<html>", { status: 200 }); },
    () => { service.refusal = new Response('{"tokens":1}', { status: 200 }); },
  ];
  for (const answer of answers) {
    answer();
    assert.equal(await checkAccess(), false);
    service.isGone = false;
    assert.equal(session.value, null);
  }
  await checkAccess();
  service.isGone = true;
  assert.equal(await checkAccess(), true);
  assert.equal(loginReason.value, "needed");
});

test("several refusals at once are one question", async () => {
  for (const status of [401, 403, 401]) {
    checkFailure(new RequestError("no", status));
  }
  for (const error of [new RequestError("no", 503), new RequestError("no", 0), "no"]) {
    checkFailure(error);
  }
  await settle();
  assert.deepEqual(service.requests, ["GET session"]);
  assert.equal(loginReason.value, "needed");
});

test("a wrong token changes nothing but says so", async () => {
  await checkAccess();
  const { status, message } = await failureOf(logIn("lunar_wrong"));
  assert.deepEqual([status, message], [401, "the token is not known"]);
  assert.equal(loginReason.value, "needed");
  assert.equal(session.value?.name, null);
});

test("a token without the scope of the page is known, and not enough", async () => {
  await logIn(poster);
  assert.equal(loginReason.value, "scope");
  assert.equal(session.value?.name, "ci");
  await logIn(reader);
  assert.equal(loginReason.value, null);
});

test("a browser that keeps no cookie is told apart from a wrong token", async () => {
  service.keepsCookies = false;
  await checkAccess();
  assert.equal((await failureOf(logIn(reader))).status, 200);
  assert.equal(loginReason.value, "needed");
});

test("a service that has been started again without tokens lets the page go on", async () => {
  await checkAccess();
  service.usesTokens = false;
  await logIn(reader);
  assert.equal(loginReason.value, null);
});

test("a login that a proxy does not pass on is a failure", async () => {
  await checkAccess();
  service.refusal = new Response("", { status: 404 });
  assert.equal((await failureOf(logIn(reader))).status, 404);
  assert.equal(loginReason.value, "needed");
});

test("a logout ends the session, also if the service is gone then", async () => {
  await logIn(reader);
  await logOut();
  assert.equal(loginReason.value, "loggedOut");
  assert.equal(session.value?.name, null);
});

test("a logout that fails leaves the session", async () => {
  await logIn(reader);
  service.isGone = true;
  assert.equal((await failureOf(logOut())).status, 0);
  assert.equal(loginReason.value, null);
  assert.equal(session.value?.name, "alice");
});

test("after a logout the page goes on where everybody may read", async () => {
  service.anonymous = ["read"];
  await logIn(reader);
  await logOut();
  assert.equal(loginReason.value, null);
  assert.equal(session.value?.name, null);
});

test("a session that is over has expired, whatever the browser's clock is", async (t) => {
  for (const clockAhead of [0, 7_200_000, -7_200_000]) {
    service.clockAhead = clockAhead;
    await logIn(reader);
    const now = Date.now();
    t.mock.method(Date, "now", () => now + 3_600_000);
    service.logInElsewhere(null);
    await checkAccess();
    assert.equal(loginReason.value, "expired");
    t.mock.restoreAll();
  }
});

test("a session that ends before has ended", async () => {
  await logIn(reader);
  service.tokens.delete(reader);
  await checkAccess();
  assert.equal(loginReason.value, "ended");
  // It is the reason until somebody logs in.
  await checkAccess();
  assert.equal(loginReason.value, "ended");
});

test("a scope that is taken away is missed", async () => {
  await logIn(reader);
  service.tokens.set(reader, { name: "alice", scopes: ["metrics"] });
  await checkAccess();
  assert.equal(loginReason.value, "scope");
});

test("other tabs hear of a login and of a logout", async () => {
  const channel = new FakeChannel();
  followOthers(() => channel);
  await logIn(reader);
  await logOut();
  assert.deepEqual(channel.posted, ["loggedIn", "loggedOut"]);
  leaveOthers();
  assert.ok(channel.isClosed);
});

test("what another tab does counts here as well", async () => {
  const channel = new FakeChannel();
  followOthers(() => channel);
  await checkAccess();
  service.logInElsewhere(reader);
  await channel.hear("loggedIn");
  assert.equal(loginReason.value, null);
  service.logInElsewhere(null);
  await channel.hear("loggedOut");
  assert.equal(loginReason.value, "loggedOutElsewhere");
});

test("what a tab says is not believed but asked for", async () => {
  const channel = new FakeChannel();
  followOthers(() => channel);
  await logIn(reader);
  await channel.hear("loggedOut");
  assert.equal(loginReason.value, null);
});

test("a login that the reader asks for stays until it is done or left", async () => {
  service.anonymous = ["read"];
  await checkAccess();
  askForLogin();
  assert.equal(await checkAccess(), true);
  cancelLogin();
  assert.equal(await checkAccess(), false);
  askForLogin();
  await logIn(reader);
  assert.equal(loginReason.value, null);
});

test("a login for another page goes there, whatever the token may do", async () => {
  let left = 0;
  askForLogin(() => { left++; });
  await checkAccess();
  assert.equal(left, 0);
  await logIn(poster);
  assert.equal(left, 1);
  assert.equal(loginReason.value, "asked"); // this page does not begin in between
});

test("a program needs a token where the page could not do without", () => {
  const rows: readonly (readonly [Session | null, string, boolean])[] = [
    [null, "read", false],
    [{ tokens: false, name: null, scopes: ["read"], expires: null }, "read", false],
    [{ tokens: true, name: null, scopes: ["read"], expires: null }, "read", false],
    [{ tokens: true, name: null, scopes: ["read"], expires: null }, "ingest", true],
    [{ tokens: true, name: "alice", scopes: ["read"], expires: "" }, "read", true],
  ];
  for (const [now, scope, isNeeded] of rows) {
    assert.equal(needsToken(now, scope), isNeeded);
  }
});
