// SPDX-License-Identifier: Apache-2.0
//
// A page of another origin in a real Chromium follows the rockets with an
// EventSource, which connects again by itself while the service is started
// again with its store, and misses nothing. See support.mjs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { patience, startBrowser, startService } from "./support.mjs";

const message = (channel) => JSON.stringify({
  metadata: {
    channel,
    messageNumber: 1,
    messageTime: "2022-02-02T19:39:05Z",
    messageType: "RocketLaunched",
  },
  message: { type: "Falcon-9", launchSpeed: 500, mission: "ARTEMIS" },
});

describe("an EventSource of another origin", () => {
  let folder, site, flags, service, browser, page;

  async function post(channel) {
    const response = await fetch(`${service.origin}/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: message(channel),
    });
    assert.equal(response.status, 202);
  }

  // Wait until the page has these rockets.
  const receive = (...ids) => page.waitForFunction(
    (all) => all.every((id) => window.rockets.includes(id)), ids,
    { timeout: patience });

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "lunar-events-"));
    site = createServer((request, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end("<!DOCTYPE html><title>A dashboard</title>");
    }).listen(0, "127.0.0.1");
    await once(site, "listening");
    const origin = `http://127.0.0.1:${site.address().port}`;
    flags = [`-allow-origin=${origin}`, `-data=${path.join(folder, "data")}`];
    service = await startService(...flags);
    browser = await startBrowser();
    page = await browser.newPage();
    await page.goto(origin);
  });

  after(async () => {
    await browser?.close();
    service?.child.kill("SIGKILL");
    site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gets hello and rockets", async () => {
    await page.evaluate((url) => {
      window.hellos = 0;
      window.resets = 0;
      window.rockets = [];
      const source = new EventSource(url);
      source.addEventListener("hello", () => window.hellos++);
      source.addEventListener("reset", () => window.resets++);
      source.addEventListener("rockets", (event) => window.rockets.push(
        ...JSON.parse(event.data).map((rocket) => rocket.id)));
    }, `${service.origin}/events`);
    await page.waitForFunction(() => window.hellos === 1);
    await post("a");
    await receive("a");
  });

  it("misses nothing while the service is started again", async () => {
    const { port } = new URL(service.origin);
    await post("b");
    service.child.kill("SIGKILL");
    await service.exited;
    service = await startService(...flags, `-port=${port}`);
    await post("c");
    await receive("a", "b", "c");
    await page.waitForFunction(() => window.hellos >= 2);
    await post("d");
    await receive("d");
    assert.equal(await page.evaluate(() => window.resets), 0);
  });
});
