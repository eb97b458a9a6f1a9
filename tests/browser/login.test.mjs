// SPDX-License-Identifier: Apache-2.0
//
// A service with tokens in a real Chromium: login, logout, and the end of a session,
// on the dashboard and in the Swagger UI. See support.mjs, dashboard.mjs and
// login.mjs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import {
  faster, isColumn, isLive, launched, openSoon, problemsOf, search, until,
} from "./dashboard.mjs";
import { account, enter, loginHeading, logOut, tokenField, Tokens } from "./login.mjs";
import { execute, makeCertificate, startBrowser, startService } from "./support.mjs";

let browser, folder, tokens, service;
const contexts = [];

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "lunar-login-"));
  browser = await startBrowser();
  tokens = new Tokens(folder, {
    alice: "read", bob: "read,metrics", ci: "ingest", all: "ingest,read,metrics,admin",
  });
  service = await startWith();
});
after(async () => {
  await browser?.close();
  service?.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});

// Tokens of its own, and two rockets.
async function startWith(...flags) {
  const started = await startService(`-tokens=${tokens.file}`, ...flags);
  await post(started, [launched("a", 20), launched("b", 10)]);
  return started;
}

async function post({ origin }, messages) {
  const response = await fetch(`${origin}/messages`, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-ndjson", Authorization: `Bearer ${tokens.of("ci")}`,
    },
    body: messages.map((one) => JSON.stringify(one)).join("\n"),
  });
  assert.equal(response.status, 202);
}

// A browser of its own, as cookies are concerned.
async function newContext(options) {
  const context = await browser.newContext(options);
  contexts.push(context);
  return context;
}

async function openLogin(url, context) {
  const page = await openSoon(context ?? await newContext(), url);
  await loginHeading(page).waitFor();
  return page;
}

async function openLoggedIn(name, url = service.origin, context = undefined) {
  const page = await openLogin(url, context);
  await enter(page, tokens.of(name));
  await isLive(page);
  return page;
}

const focused = (page) => page.evaluate(() =>
  document.activeElement.id || document.activeElement.textContent);
const problem = (page) => page.getByRole("alert");
const reason = (page, text) => page.locator("#login-reason").getByText(text).waitFor();

// Problems but for the refusals that the login answers to.
const realProblems = (page) => problemsOf(page).filter((one) => !/\b401\b/.test(one));

describe("the login", () => {
  it("stands before everything, and leads to the address that was asked for", async () => {
    const url = `${service.origin}/?sort=id&order=asc`;
    const page = await openLogin(url);
    assert.equal(await page.title(), "Login needed – lunar");
    assert.equal(await focused(page), "login-token");
    assert.equal(await page.getByRole("searchbox").count(), 0);
    await enter(page, `  ${tokens.of("alice")}\n`);
    await isLive(page);
    await isColumn(page, "id", ["a", "b"]);
    assert.equal(page.url(), url);
    assert.equal(await focused(page), "Fleet");
    assert.deepEqual(realProblems(page), []);
  });

  it("leads to a rocket, and is over after a reload", async () => {
    const page = await openLoggedIn("alice", `${service.origin}/?rocket=b`);
    await page.getByRole("heading", { level: 1, name: "b" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "b" }).waitFor();
    await isLive(page);
    assert.equal(search(page), "?rocket=b");
    await post(service, [faster("b", 2, 5)]);
    await page.locator(".rocket-fact", { hasText: "Speed" }).getByText("15").waitFor();
  });

  it("leaves a cookie that no script can read, and no token", async () => {
    const page = await openLoggedIn("alice");
    const [cookie, ...more] = await page.context().cookies();
    assert.deepEqual(more, []);
    assert.equal(cookie.name, `lunar-session-${new URL(service.origin).port}`);
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.secure, cookie.path],
      [true, "Strict", false, "/"]);
    const left = await page.evaluate(() => [
      document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage }),
      document.documentElement.outerHTML,
    ]);
    assert.equal(left[0], "");
    const secret = tokens.of("alice").slice("lunar_".length);
    assert.ok(![...left, cookie.value, page.url()].some((text) => text.includes(secret)));
  });

  it("says that a token is wrong, or may not read, and takes the next one", async () => {
    const page = await openLogin(service.origin);
    await page.getByRole("button", { name: /^Theme: / }).click();
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    const chosen = await theme();
    await enter(page, `lunar_${"x".repeat(43)}`);
    await problem(page).getByText("The service does not know this token.").waitFor();
    assert.equal(await tokenField(page).inputValue(), "");
    assert.equal(await tokenField(page).getAttribute("aria-invalid"), "true");
    await until(() => focused(page), (id) => id === "login-token", "the focus");
    await enter(page, "");
    await problem(page).getByText("Enter a token.").waitFor();
    await enter(page, tokens.of("ci"));
    await reason(page, "You have logged in as ci");
    await account(page, "ci").waitFor();
    await enter(page, tokens.of("alice"));
    await isLive(page);
    await account(page, "alice").waitFor();
    assert.equal(await theme(), chosen);
  });
});

describe("a session", () => {
  it("is shown with its scopes, in the help's terms, and in commands to copy", async () => {
    const context = await newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    const page = await openLoggedIn("bob", `${service.origin}/?rocket=a`, context);
    await account(page, "bob").click();
    const panel = page.getByRole("group", { name: "Session" });
    await panel.getByText("read, metrics").waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "hidden" });
    assert.equal(search(page), "?rocket=a");
    await page.getByRole("button", { name: "Copy curl" }).click();
    await page.getByText("Copied").and(page.locator("[aria-hidden=false]")).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied,
      `curl -H "Authorization: Bearer $TOKEN" '${service.origin}/rockets/a'`);
  });

  it("ends by logging out, in all tabs", async () => {
    const context = await newContext();
    const page = await openLoggedIn("alice", service.origin, context);
    const other = await openSoon(context, `${service.origin}/?rocket=a`);
    await isLive(other);
    await logOut(page, "alice");
    await reason(page, "You have logged out.");
    assert.deepEqual(await context.cookies(), []);
    await reason(other, "You have logged out in another tab.");
    assert.equal(search(other), "?rocket=a");
    await page.reload();
    await loginHeading(page).waitFor();
    // The other one goes on when somebody has logged in here.
    await enter(page, tokens.of("alice"));
    await isLive(page);
    await other.getByRole("heading", { level: 1, name: "a" }).waitFor();
    assert.equal(search(other), "?rocket=a");
  });

  it("expires, and the stream with it", async () => {
    const short = await startWith("-session=2");
    try {
      const page = await openLoggedIn("alice", `${short.origin}/?sort=id&order=asc`);
      await reason(page, "Your session has expired.");
      assert.equal(search(page), "?sort=id&order=asc");
      assert.equal(await page.title(), "Login needed – lunar");
      assert.deepEqual(await page.context().cookies(), []);
    } finally {
      short.child.kill("SIGKILL");
    }
  });

  it("ends with its token at once, and no other does", async () => {
    const [page, other] = [await openLoggedIn("alice"), await openLoggedIn("bob")];
    tokens.remove("alice");
    service.child.kill("SIGHUP");
    await reason(page, "Your session has ended");
    await isLive(other);
    await post(service, [faster("a", 2, 7)]);
    await isColumn(other, "speed", ["27", "15"]);
  });
});

// A page on another port of the same host is same-site to a browser, which sends it
// the cookie of the session: SameSite does not help, so the service must not count it.
describe("a page of another port", () => {
  let site, page, context, sent;

  before(async () => {
    site = createServer((request, response) => {
      sent = request.headers.cookie;
      response.setHeader("Content-Type", "text/html");
      response.end("<!DOCTYPE html><title>Another site</title>");
    }).listen(0, "127.0.0.1");
    await once(site, "listening");
  });
  after(() => site?.close());
  beforeEach(async () => {
    context = await newContext();
    await openLoggedIn("bob", service.origin, context);
    page = await openSite(context);
  });

  async function openSite(from) {
    const opened = await from.newPage();
    await opened.goto(`http://127.0.0.1:${site.address().port}/`);
    assert.match(sent, /lunar-session/); // cookies are of a host, not of a port
    return opened;
  }

  // What the service has answered to a request that `act` makes the page send.
  async function answerTo(path, act) {
    const [response] = await Promise.all([
      page.waitForResponse(`${service.origin}/${path}`), act(),
    ]);
    return response;
  }

  // Submit a form whose body is `text=` with the type text/plain, or nothing.
  const submit = (path, text) => page.evaluate(([action, name]) => {
    const form = document.createElement("form");
    Object.assign(form, { action, method: "post", enctype: "text/plain" });
    if (name !== "") {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name, value: '"}' });
      form.append(input);
    }
    document.body.append(form);
    setTimeout(() => form.submit()); // the page has answered by then
  }, [`${service.origin}/${path}`, text]);

  // How many reads of the list the service has refused.
  async function refusals() {
    const response = await fetch(`${service.origin}/metrics`, {
      headers: { Authorization: `Bearer ${tokens.of("all")}` },
    });
    const text = await response.text();
    return Number(/^lunar_http_requests_total{route="list",code="401"} (\d+)$/m.exec(text)?.[1]);
  }

  // A browser tells nothing about a response that it keeps from a page.
  it("cannot read by the session: not by fetch, an image or a link", async () => {
    const before = await refusals();
    const rockets = `${service.origin}/rockets?limit=1`;
    await page.evaluate((url) => fetch(url, { credentials: "include", mode: "no-cors" })
      .catch(() => null), rockets);
    assert.equal(await refusals(), before + 1);
    await page.evaluate((url) => new Promise((resolve) => {
      document.body.append(Object.assign(new Image(), { src: url, onerror: resolve }));
    }), rockets);
    assert.equal(await refusals(), before + 2);
    const followed = await answerTo("rockets?limit=2", () => page.evaluate((url) => {
      setTimeout(() => location.assign(url));
    }, `${service.origin}/rockets?limit=2`));
    assert.equal(followed.status(), 401);
  });

  it("cannot log somebody in, or out, by a form", async () => {
    const cookies = await context.cookies();
    const login = await answerTo("login", () => submit("login", '{"token":"'));
    assert.equal(login.status(), 403);
    await page.goBack();
    const logout = await answerTo("logout", () => submit("logout", ""));
    assert.equal(logout.status(), 403);
    assert.deepEqual(await context.cookies(), cookies);
  });

  it("cannot post by a session that may", async () => {
    const other = await openLogin(service.origin, await newContext());
    await enter(other, tokens.of("all"));
    await isLive(other);
    page = await openSite(other.context());
    const answer = await answerTo("messages", () => submit("messages", JSON.stringify(
      launched("forged")).replace(/"}+$/, "")));
    assert.ok([401, 403].includes(answer.status()), String(answer.status()));
    await isColumn(other, "id", ["a", "b"]);
  });
});

describe("where everybody may read", () => {
  let open;

  before(async () => { open = await startWith("-anonymous=read"); });
  after(() => open?.child.kill("SIGKILL"));

  it("nothing is asked for before the first rows are there", async () => {
    const page = await openSoon(await newContext(), open.origin);
    await isLive(page);
    const entries = () => page.evaluate(() => performance.getEntriesByType("resource")
      .map(({ name, startTime, responseEnd }) => ({ name, startTime, responseEnd })));
    const of = (all, part) => all.find(({ name }) => name.includes(part));
    const all = await until(entries, (now) => of(now, "/session"), "the session");
    assert.ok(of(all, "/session").startTime > of(all, "/rockets?").responseEnd);
  });

  it("nobody has to log in, but may, and logs out without losing the page", async () => {
    const page = await openSoon(await newContext(), open.origin);
    await isLive(page);
    await isColumn(page, "id", ["a", "b"]);
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
    await loginHeading(page).waitFor();
    await page.getByRole("button", { name: "Back to the fleet" }).click();
    await isLive(page);
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
    await enter(page, tokens.of("bob"));
    await isLive(page);
    await logOut(page, "bob");
    await account(page, "bob").waitFor({ state: "detached" });
    await isLive(page);
    assert.deepEqual(problemsOf(page), []);
  });
});

describe("over TLS", () => {
  it("the cookie is for https only", async () => {
    const { key, certificate } = makeCertificate(folder, "localhost");
    const secure = await startService(`-tokens=${tokens.file}`, `-tls-cert=${certificate}`,
      `-tls-key=${key}`);
    try {
      const context = await newContext({ ignoreHTTPSErrors: true });
      const page = await openLoggedIn("bob", secure.origin, context);
      await page.getByRole("heading", { name: "No rockets yet" }).waitFor();
      const [cookie] = await context.cookies();
      assert.ok(cookie.secure && cookie.httpOnly);
      await logOut(page, "bob");
      await reason(page, "You have logged out.");
      assert.deepEqual(await context.cookies(), []);
    } finally {
      secure.child.kill("SIGKILL");
    }
  });
});

describe("the Swagger UI", () => {
  const bar = (page) => page.locator("#session");

  it("leads to the login and back, and then its requests count", async (t) => {
    const page = await openSoon(await newContext(), `${service.api}#/service/getMetrics`);
    await page.locator("#operations-service-getMetrics .opblock-body").waitFor();
    await bar(page).getByText("Not logged in (no scopes)").waitFor();
    if (service.dashboard === undefined) {
      t.skip("built without the dashboard");
      return;
    }
    await bar(page).getByRole("link", { name: "Log in" }).click();
    await loginHeading(page).waitFor();
    await enter(page, tokens.of("all"));
    await page.waitForURL(`${service.api}#/service/getMetrics`);
    await bar(page).getByText("Logged in as all (ingest, read, metrics, admin)").waitFor();
    assert.equal((await execute(page, "messages", "postMessage")).status, 202);
    assert.equal((await execute(page, "rockets", "listRockets")).status, 200);
    await bar(page).getByRole("button", { name: "Log out" }).click();
    await bar(page).getByText("Not logged in").waitFor();
    const [again] = await Promise.all([
      page.waitForResponse("**/rockets?*"),
      page.locator("#operations-rockets-listRockets").getByRole("button", { name: "Execute" })
        .click(),
    ]);
    assert.equal(again.status(), 401);
    assert.deepEqual(await page.evaluate(() => ({ ...localStorage, ...sessionStorage })), {});
    assert.deepEqual(realProblems(page), []);
  });

  it("tells the dashboard in another window of a log-out", async (t) => {
    if (service.dashboard === undefined) {
      t.skip("built without the dashboard");
      return;
    }
    const context = await newContext();
    const fleet = await openSoon(context, service.dashboard);
    await enter(fleet, tokens.of("all"));
    await isLive(fleet);
    const page = await openSoon(context, service.api);
    await bar(page).getByRole("button", { name: "Log out" }).click();
    await reason(fleet, "You have logged out in another tab.");
  });

  it("takes a token for itself by Authorize, and forgets it", async () => {
    const page = await openSoon(await newContext(), service.api);
    assert.equal(await page.getByText("Servers").isVisible(), false); // there is one only
    await page.locator(".auth-wrapper .authorize").click();
    const form = page.locator(".auth-container");
    assert.equal(await form.count(), 1); // none for the cookie
    await form.locator("input").fill(tokens.of("all"));
    await form.locator("button[type=submit]").click();
    await form.locator(".btn-done").click();
    assert.equal((await execute(page, "rockets", "listRockets")).status, 200);
    assert.deepEqual(await page.evaluate(() => ({ ...localStorage, ...sessionStorage })), {});
    await page.reload();
    await page.locator(".auth-wrapper .authorize.unlocked").waitFor();
    assert.equal((await execute(page, "rockets", "getFleet")).status, 401);
  });
});
