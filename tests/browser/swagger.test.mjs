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
  execute, operations, rocketId, startBrowser, startService, watch,
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
    page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    problems = await watch(page, service.origin);
  });

  after(async () => {
    await browser?.close();
    service?.child.kill("SIGKILL");
  });

  it("shows every operation, the main ones on the first screen", async () => {
    const response = await page.goto(service.api);
    assert.equal(response.status(), 200);
    assert.match(await page.title(), /rocket API/);
    await page.locator("#operations-messages-postMessage").waitFor();
    assert.equal(await page.locator(".opblock").count(), operations.length);
    assert.equal(await page.locator(".errors-wrapper").count(), 0);
    for (const [tag, operation] of operations.slice(0, 3)) {
      const { y, height } = await page
        .locator(`#operations-${tag}-${operation}`).boundingBox();
      assert.ok(y + height <= 720, `${operation} ends at ${y + height}`);
    }
    assert.equal(await page.locator(".models h4").count(), 1);
    assert.equal(await page.locator(".models .json-schema-2020-12").count(), 0);
  });

  it("has a way to the dashboard, if there is one", async (t) => {
    const way = page.getByRole("link", { name: "Dashboard" });
    if (service.dashboard === undefined) {
      assert.equal(await way.isVisible(), false);
      t.skip("built without the dashboard");
      return;
    }
    await way.waitFor();
    assert.equal(await way.evaluate((link) => link.href), service.dashboard);
  });

  it("says so if it cannot start", async () => {
    const words = "The Swagger UI has not started.";
    assert.equal(await page.getByText(words).count(), 0);
    for (const [script, javaScriptEnabled] of [
      ["swagger-ui-bundle.js", true], ["init.js", true], ["none", false],
    ]) {
      const other = await browser.newPage({ javaScriptEnabled });
      await other.route(`**/${script}`, (route) => route.abort());
      await other.goto(service.api);
      await other.getByText(words).waitFor();
      await other.close();
    }
  });

  it("unfolds the notes, also from the keyboard", async () => {
    const notes = page.locator(".info details");
    assert.equal(await notes.count(), 3);
    for (const [note, text] of [
      [notes.nth(0), "0 means that the state is exact and complete"],
      [notes.nth(1), "DNS rebinding"],
      [notes.nth(2), "No token is ever taken from a URL"],
    ]) {
      const rule = note.getByText(text);
      assert.equal(await rule.isVisible(), false);
      await note.locator("summary").press("Enter");
      assert.equal(await rule.isVisible(), true);
      await note.locator("summary").press("Enter");
    }
  });

  it("has nothing about tokens to press, as the service has none", async () => {
    for (const part of ["#session", ".scheme-container", ".authorization__btn"]) {
      assert.equal(await page.locator(part).first().isVisible(), false, part);
    }
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
      revision: 1,
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

  // A line that begins with a number and a dot would be a list to Swagger UI,
  // in whose Markdown that ends a paragraph.
  it("takes no sentence of the document for a numbered list", async () => {
    for (const [tag, operation] of operations.slice(3)) {
      await page.locator(
        `#operations-${tag}-${operation} .opblock-summary-control`).click();
    }
    await page.locator("#operations-service-getRoot .opblock-body").waitFor();
    assert.ok(await page.locator(".markdown li, .renderedMarkdown li").count());
    assert.equal(await page.locator(".swagger-ui ol").count(), 0);
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

  it("is found at the addresses of other Swagger UIs", async () => {
    for (const name of ["/swagger/index.html", "/swagger-ui.html"]) {
      await page.goto(`${service.origin}${name}#/rockets/getRocket`);
      assert.equal(page.url(), `${service.api}#/rockets/getRocket`);
      await page.locator("#operations-rockets-getRocket .opblock-body").waitFor();
    }
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
