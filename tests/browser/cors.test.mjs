// SPDX-License-Identifier: Apache-2.0
//
// A page of another origin in a real Chromium: with -allow-origin it reads and
// posts; without, it can do neither. Both are on this machine, so that nothing
// but the port makes them different origins. See support.mjs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { startBrowser, startService } from "./support.mjs";

const message = (channel) => JSON.stringify({
  metadata: {
    channel,
    messageNumber: 1,
    messageTime: "2022-02-02T19:39:05Z",
    messageType: "RocketLaunched",
  },
  message: { type: "Falcon-9", launchSpeed: 500, mission: "ARTEMIS" },
});

// Request a URL as the page does. Returns what its script can see, or
// "blocked".
function ask(page, url, options) {
  return page.evaluate(async ([url, options]) => {
    try {
      const response = await fetch(url, options);
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      };
    } catch {
      return "blocked";
    }
  }, [url, options]);
}

function post(page, origin, channel, contentType, mode) {
  return ask(page, `${origin}/messages`, {
    method: "POST",
    headers: { "Content-Type": contentType },
    body: message(channel),
    ...(mode && { mode }),
  });
}

describe("a page of another origin", () => {
  let site, browser, page, allowed, open, closed;

  before(async () => {
    site = createServer((request, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end("<!DOCTYPE html><title>A dashboard</title>");
    }).listen(0, "127.0.0.1");
    await once(site, "listening");
    const origin = `http://127.0.0.1:${site.address().port}`;
    allowed = await startService(`-allow-origin=http://other.example,${origin}`);
    open = await startService("-allow-origin=*");
    closed = await startService();
    browser = await startBrowser();
    page = await browser.newPage();
    await page.goto(origin);
  });

  after(async () => {
    await browser?.close();
    for (const service of [allowed, open, closed]) {
      service?.child.kill("SIGKILL");
    }
    site?.close();
  });

  // application/json makes the browser ask first, by a preflight.
  it("posts and reads where its origin is allowed", async () => {
    for (const { origin } of [allowed, open]) {
      for (const channel of ["a", "b"]) {
        const posted = await post(page, origin, channel, "application/json");
        assert.equal(posted.status, 202);
        assert.equal(JSON.parse(posted.body).result, "applied");
      }
      const batch = await post(page, origin, "c", "application/x-ndjson");
      assert.equal(JSON.parse(batch.body).applied, 1);

      const { status, headers } = await ask(page, `${origin}/rockets?limit=1`);
      assert.equal(status, 200);
      assert.equal(headers["x-total-count"], "3");
      assert.match(headers.link, /rel="next"/);
      assert.match(headers.etag, /^W\//);
    }
  });

  it("polls with If-None-Match, which takes a preflight too", async () => {
    const url = `${allowed.origin}/rockets/a`;
    const { headers } = await ask(page, url);
    const { status } = await ask(page, url, {
      cache: "no-store",
      headers: { "If-None-Match": headers.etag },
    });
    assert.equal(status, 304);
  });

  it("sees errors", async () => {
    const { status, body } = await ask(page, `${allowed.origin}/rockets/nobody`);
    assert.equal(status, 404);
    assert.equal(JSON.parse(body).status, 404);
    const invalid = await ask(page, `${allowed.origin}/messages`, {
      method: "POST",
      body: "{",
    });
    assert.equal(invalid.status, 400);
  });

  it("sends no cookies", async () => {
    const answer = await ask(page, `${allowed.origin}/health`, {
      credentials: "include",
    });
    assert.equal(answer, "blocked");
  });

  it("can neither read nor post without the flag", async () => {
    const { origin } = closed;
    assert.equal(await ask(page, `${origin}/rockets`), "blocked");
    assert.equal(await post(page, origin, "a", "application/json"), "blocked");
    // These need no preflight, so the service itself must refuse them.
    assert.equal(await post(page, origin, "b", "text/plain"), "blocked");
    const opaque = await post(page, origin, "c", "text/plain", "no-cors");
    assert.equal(opaque.status, 0);
    const rockets = await fetch(`${origin}/rockets`);
    assert.deepEqual(await rockets.json(), []);
  });

  it("can neither read nor post if another origin is allowed", async () => {
    const other = await startService("-allow-origin=http://127.0.0.1:1");
    try {
      assert.equal(await ask(page, `${other.origin}/rockets`), "blocked");
      assert.equal(await post(page, other.origin, "a", "text/plain"), "blocked");
      const rockets = await fetch(`${other.origin}/rockets`);
      assert.deepEqual(await rockets.json(), []);
    } finally {
      other.child.kill("SIGKILL");
    }
  });
});
