// SPDX-License-Identifier: Apache-2.0
//
// The first steps of a user in a real Chromium against the real service: open
// /swagger, post a message, read the rocket. The page must send no request to
// another host. support.mjs says which environment variables are read, besides:
//
// LUNAR_ARTEFACTS  the directory of the screenshot; default: build/browser
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  execute, rocketId, startBrowser, startService, watch,
} from "./support.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const screenshot = path.join(
  process.env.LUNAR_ARTEFACTS ?? path.join(root, "build", "browser"),
  "swagger.png",
);

describe("Swagger UI in a browser", () => {
  let service, browser, page, problems;

  before(async () => {
    service = await startService();
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    problems = await watch(page, service.origin);
  });

  after(async () => {
    await browser?.close();
    service?.child.kill("SIGKILL");
  });

  it("shows every operation", async () => {
    const response = await page.goto(service.api);
    assert.equal(response.status(), 200);
    assert.match(await page.title(), /rocket API/);
    await page.locator("#operations-messages-postMessage").waitFor();
    assert.equal(await page.locator(".opblock").count(), 7);
    assert.equal(await page.locator(".errors-wrapper").count(), 0);
  });

  it("posts the suggested message", async () => {
    const { status, content } = await execute(page, "messages", "postMessage");
    assert.equal(status, 202);
    assert.deepEqual(content, {
      channel: rocketId,
      messageNumber: 1,
      processed: true,
      result: "applied",
    });
  });

  it("reads the rocket that the message made", async () => {
    const { status, content } = await execute(page, "rockets", "getRocket");
    assert.equal(status, 200);
    assert.deepEqual(content, {
      id: rocketId,
      type: "Falcon-9",
      speed: 500,
      mission: "ARTEMIS",
      status: "active",
      reason: null,
      createdAt: "2022-02-02T19:39:05.86337+01:00",
      updatedAt: "2022-02-02T19:39:05.86337+01:00",
      lastMessageNumber: 1,
      missingMessages: 0,
    });
  });

  it("lists the rockets", async () => {
    const { status, content } = await execute(page, "rockets", "listRockets");
    assert.equal(status, 200);
    assert.deepEqual(content.map((rocket) => rocket.id), [rocketId]);
  });

  it("sends only the filters that are filled in", async () => {
    const block = page.locator("#operations-rockets-listRockets");
    const parameter = (name) => block.locator(`tr[data-param-name=${name}]`);
    await parameter("idPrefix").locator("input").fill(rocketId.slice(0, 4));
    for (const [launched, ids] of [["true", [rocketId]], ["false", []]]) {
      await parameter("launched").locator("select").selectOption(launched);
      const [response] = await Promise.all([
        page.waitForResponse("**/rockets?*"),
        block.getByRole("button", { name: "Execute" }).click(),
      ]);
      const query = new URL(response.url()).searchParams;
      assert.equal(query.get("launched"), launched);
      assert.equal(query.get("idPrefix"), rocketId.slice(0, 4));
      assert.ok(![...query.values()].includes(""), response.url());
      const rockets = await response.json();
      assert.deepEqual(rockets.map((rocket) => rocket.id), ids);
    }
  });

  it("posts the suggested batch", async () => {
    const block = page.locator("#operations-messages-postMessage");
    await block
      .locator(".opblock-section-request-body select.content-type")
      .selectOption("application/x-ndjson");
    await block.getByRole("button", { name: "Execute" }).click();
    const content = block.locator(".live-responses-table pre").first();
    await content.filter({ hasText: "rejected" }).waitFor();
    const { rejected, errors, ...counts } = JSON.parse(
      await content.innerText());
    assert.deepEqual({ rejected, errors }, { rejected: 0, errors: [] });
    assert.ok(counts.applied + counts.duplicate > 1, JSON.stringify(counts));
  });

  it("posts the sample of another type of batch as lines", async () => {
    const block = page.locator("#operations-messages-postMessage");
    await block
      .locator(".opblock-section-request-body select.content-type")
      .selectOption("application/jsonl");
    const [response] = await Promise.all([
      page.waitForResponse("**/messages"),
      block.getByRole("button", { name: "Execute" }).click(),
    ]);
    const { rejected, applied, duplicate } = await response.json();
    assert.deepEqual({ rejected, lines: applied + duplicate },
      { rejected: 0, lines: 2 });
  });

  it("shows the licences", async () => {
    const [response] = await Promise.all([
      page.waitForResponse("**/swagger/licenses.txt"),
      page.evaluate(() =>
        fetch(document.querySelector("footer a[href*=licenses]").href)),
    ]);
    assert.equal(response.status(), 200);
    assert.match(await response.text(), /SmartBear/);
  });

  it("causes no errors and no requests to other hosts", async () => {
    await page.screenshot({ path: screenshot, fullPage: true });
    assert.deepEqual(problems, []);
  });

  it("leaves a service that stops on SIGTERM", async () => {
    await browser.close();
    service.child.kill("SIGTERM");
    const [code, signal] = await service.exited;
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
  });
});
