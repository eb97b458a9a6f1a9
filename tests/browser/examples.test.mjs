// SPDX-License-Identifier: Apache-2.0
//
// The examples of POST /messages in the Swagger UI, in a real Chromium against the
// real service: the one that is chosen is the one that is sent, and the first time
// it is applied, also for a reader who has followed README.md before. See
// support.mjs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { startBrowser, startService, tryOut, watch } from "./support.mjs";

// Post the first messages of every rocket that README.md names, as its reader
// may have done before opening the page.
async function followReadme(origin) {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
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
        [await editor().elementHandle(), text]),
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
      for (const example of [...examples[type]].reverse()) {
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
