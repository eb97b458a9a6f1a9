// SPDX-License-Identifier: Apache-2.0
//
// The first steps of a user in a real Chromium against the real service: open
// /swagger, post a message, read the rocket. The page must send no request to
// another host. support.mjs says which environment variables are read, besides:
//
// LUNAR_ARTEFACTS  the directory of the screenshot; default: build/browser
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  execute, rocketId, startBrowser, startService, tryOut, watch,
} from "./support.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const screenshot = path.join(
  process.env.LUNAR_ARTEFACTS ?? path.join(root, "build", "browser"),
  "swagger.png",
);
const operations = [
  ["messages", "postMessage"], ["rockets", "listRockets"],
  ["rockets", "getRocket"], ["service", "getHealth"],
  ["service", "getDocument"], ["service", "getSwagger"], ["service", "getRoot"],
];

// Post the first messages of every rocket that README.md names, as its reader
// may have done before opening the page.
async function followReadme(origin) {
  const readme = readFileSync(path.join(root, "README.md"), "utf8");
  const channels = new Set(
    [...readme.matchAll(/"channel": ?"([^"]+)"/g)].map(([, channel]) => channel));
  assert.ok(channels.size > 0, "README.md has no message");
  const lines = [];
  for (const channel of channels) {
    for (let messageNumber = 1; messageNumber <= 600; messageNumber++) {
      lines.push(JSON.stringify({
        metadata: {
          channel, messageNumber, messageTime: "2022-02-02T19:39:05Z",
          messageType: "RocketSpeedIncreased",
        },
        message: { by: 1 },
      }));
    }
  }
  const response = await fetch(`${origin}/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  assert.equal((await response.json()).applied, lines.length);
}

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

  it("unfolds the notes, also from the keyboard", async () => {
    const notes = page.locator(".info details");
    assert.equal(await notes.count(), 2);
    for (const [note, text] of [
      [notes.nth(0), "0 means that the state is exact and complete"],
      [notes.nth(1), "There is no authentication yet"],
    ]) {
      const rule = note.getByText(text);
      assert.equal(await rule.isVisible(), false);
      await note.locator("summary").press("Enter");
      assert.equal(await rule.isVisible(), true);
      await note.locator("summary").press("Enter");
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

describe("examples of the Swagger UI", () => {
  let service, browser, page, problems, block, examples;

  // By content type, [summary, text as it must be sent] of each example; of a
  // type without a list, that of its schema, without a summary.
  const readExamples = () => page.evaluate(() => {
    const { paths, components } = window.ui.specSelectors.specJson().toJS();
    const { content } = paths["/messages"].post.requestBody;
    const text = (value) =>
      typeof value === "string" ? value : JSON.stringify(value, null, 2);
    return Object.fromEntries(Object.entries(content).map(([type, media]) => [
      type,
      media.examples
        ? Object.values(media.examples).map((e) => [e.summary, text(e.value)])
        : [[null, components.schemas.Batch.examples[0]]],
    ]));
  });
  const chosen = (select) =>
    select.evaluate((element) => element.selectedOptions[0].text);
  const types = () => block.locator(
    ".opblock-section-request-body select.content-type");
  const list = () => block.locator(
    ".opblock-section-request-body select.examples-select-element");
  const editor = () => block.locator("textarea.body-param__text");

  async function expect([summary, text], what) {
    await assert.doesNotReject(
      page.waitForFunction(([element, expected]) => element.value === expected,
        [await editor().elementHandle(), text], { timeout: 5000 }),
      `${what}: ${await editor().inputValue()} is not ${text}`);
    assert.equal(await list().count(), summary === null ? 0 : 1, what);
    if (summary !== null) {
      assert.equal(await chosen(list()), summary, what);
    }
  }

  async function send() {
    const [response] = await Promise.all([
      page.waitForResponse("**/messages"),
      block.getByRole("button", { name: "Execute" }).click(),
    ]);
    return {
      type: response.request().headers()["content-type"],
      text: response.request().postData(),
      receipt: await response.json(),
    };
  }

  before(async () => {
    service = await startService();
    await followReadme(service.origin);
    browser = await startBrowser();
    page = await browser.newPage();
    problems = await watch(page, service.origin);
    await page.goto(service.api);
    await page.locator("#operations-messages-postMessage").waitFor();
    examples = await readExamples();
    assert.ok(examples["application/json"].length > 5);
    assert.ok(examples["application/x-ndjson"].length > 1);
  });

  after(async () => {
    await browser?.close();
    service?.child.kill("SIGKILL");
  });

  it("are the first of the content type at first", async () => {
    block = await tryOut(page, "messages", "postMessage");
    await expect(examples["application/json"][0], "at first");
    for (const type of [
      "application/x-ndjson", "application/jsonl", "application/x-ndjson",
      "application/json", "application/ndjson", "application/json",
    ]) {
      await types().selectOption(type);
      await expect(examples[type][0], type);
    }
  });

  // After each, the other type shows its first one again.
  it("are the one that was chosen", async () => {
    const other = {
      "application/json": "application/x-ndjson",
      "application/x-ndjson": "application/json",
    };
    for (const type of Object.keys(other)) {
      for (const example of examples[type].toReversed()) {
        await types().selectOption(type);
        await list().selectOption({ label: example[0] });
        await expect(example, `${type}, ${example[0]}`);
        await types().selectOption(other[type]);
        await expect(examples[other[type]][0], `after ${example[0]}`);
      }
    }
  });

  it("do not replace what the reader has written, until Reset", async () => {
    const [first, second] = examples["application/x-ndjson"];
    await types().selectOption("application/json");
    await editor().fill("mine");
    await types().selectOption("application/x-ndjson");
    await expect(["[Modified value]", "mine"], "another type");
    await block.getByRole("button", { name: "Reset" }).click();
    await expect(first, "after Reset");
    await list().selectOption({ label: second[0] });
    await expect(second, "chosen after Reset");
    await editor().fill("mine again");
    await block.getByRole("button", { name: "Reset" }).click();
    await expect(second, "after another Reset");
    await types().selectOption("application/json");
    await expect(examples["application/json"][0], "at last");
  });

  it("stay chosen when they become editable", async () => {
    const second = examples["application/x-ndjson"][1];
    await block.getByRole("button", { name: "Cancel" }).click();
    await types().selectOption("application/x-ndjson");
    await list().selectOption({ label: second[0] });
    await block.getByRole("button", { name: "Try it out" }).click();
    await expect(second, "after Try it out");
  });

  // Types without a list share the example of their schema.
  it("are sent as shown, and each is applied the first time", async () => {
    for (const [type, all] of Object.entries(examples).slice(0, 3)) {
      for (const example of all) {
        await types().selectOption(type);
        if (example[0] !== null) {
          await list().selectOption({ label: example[0] });
        }
        await expect(example, `${type}, ${example[0]}`);
        const { receipt, ...sent } = await send();
        assert.deepEqual(sent, { type, text: example[1] });
        if (type === "application/json") {
          assert.equal(receipt.result, "applied", example[0]);
        } else {
          const wrong = /invalid/i.test(example[0]) ? 1 : 0;
          const lines = example[1].trim().split("\n").length;
          assert.deepEqual(
            [receipt.applied, receipt.rejected], [lines - wrong, wrong]);
        }
      }
    }
  });

  it("cause no errors", () => assert.deepEqual(problems, []));
});

// The texts on the page whose contrast with their background is below `least`
// (WCAG 2.1, "contrast ratio"), each kind of element once.
function faintTexts(page, scope, least) {
  return page.evaluate(([scope, least]) => {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const blend = ([r, g, b, alpha = 1], below) =>
      [r, g, b].map((value, i) => value * alpha + below[i] * (1 - alpha));
    const background = (element) => element === null
      ? (matchMedia("(prefers-color-scheme: dark)").matches
        ? [18, 18, 18] : [255, 255, 255])
      : blend(numbers(getComputedStyle(element).backgroundColor),
        background(element.parentElement));
    const luminance = (colour) => {
      const [r, g, b] = colour.map((value) => value / 255).map(
        (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = new Map();
    for (const part of document.querySelectorAll(scope)) {
      const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const { parentElement: element, textContent } = walker.currentNode;
        if (textContent.trim() === "" || !element.checkVisibility()) {
          continue;
        }
        const below = background(element);
        const text = blend(numbers(getComputedStyle(element).color), below);
        const [dark, light] = [text, below].map(luminance).sort((a, b) => a - b);
        const ratio = (light + 0.05) / (dark + 0.05);
        if (ratio < least) {
          found.set(`${element.tagName} ${element.className}`,
            `${ratio.toFixed(1)}: ${textContent.trim().slice(0, 30)}`);
        }
      }
    }
    return Object.fromEntries(found);
  }, [scope, least]);
}

describe("Swagger UI on other screens", () => {
  let service, browser;

  before(async () => {
    service = await startService();
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    service?.child.kill("SIGKILL");
  });

  async function open(options) {
    const page = await browser.newPage(options);
    await page.goto(service.api);
    await page.locator("#operations-messages-postMessage").waitFor();
    return page;
  }

  const openNotes = (page) => page.evaluate(() =>
    document.querySelectorAll("details").forEach((note) => { note.open = true; }));

  it("does not overflow small ones", async () => {
    const page = await open();
    const check = async (what) => {
      for (const width of [375, 320]) {
        await page.setViewportSize({ width, height: 700 });
        assert.equal(await page.evaluate(
          () => document.scrollingElement.scrollWidth), width, what);
      }
    };
    await check("closed");
    for (const [tag, operation] of operations) {
      const block = await tryOut(page, tag, operation);
      await openNotes(page);
      await check(operation);
      await block.getByRole("button", { name: "Execute" }).click();
      await block.locator(".live-responses-table .response").first().waitFor();
      await check(`${operation}, executed`);
      for (const tab of await block.getByRole("tab", { name: "Schema" }).all()) {
        await tab.click();
      }
      await check(`${operation}, schemas`);
      await block.locator(".opblock-summary-control").click();
    }
    await page.locator(".models-control").click();
    await page.locator(".models .json-schema-2020-12").first().waitFor();
    await check("all schemas");
    await page.close();
  });

  it("follows the colour scheme, also while it is open", async () => {
    const page = await open({ colorScheme: "dark" });
    const background = () => page.evaluate(() =>
      getComputedStyle(document.documentElement).backgroundColor);
    assert.ok(await page.locator("html.dark-mode").count());
    const dark = await background();
    await page.emulateMedia({ colorScheme: "light" });
    await page.locator("html:not(.dark-mode)").waitFor();
    assert.notEqual(await background(), dark);
    // Of index.html itself: what is seen until the scripts have come.
    assert.equal(await page.evaluate(() =>
      getComputedStyle(document.documentElement).colorScheme), "light dark");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.locator("html.dark-mode").waitFor();
    assert.equal(await background(), dark);
    await page.close();
  });

  // Swagger UI's own light scheme has texts below 3.
  it("has enough contrast", async () => {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open({ colorScheme });
      for (const [tag, operation] of operations.slice(0, 3)) {
        const block = await tryOut(page, tag, operation);
        await block.getByRole("button", { name: "Execute" }).click();
        await block.locator(".live-responses-table .response").first().waitFor();
      }
      await openNotes(page);
      assert.deepEqual(await faintTexts(page, "footer, summary", 4.5), {});
      if (colorScheme === "dark") {
        assert.deepEqual(await faintTexts(page, "body", 3), {});
      }
      await page.close();
    }
  });
});
