// SPDX-License-Identifier: Apache-2.0
//
// Which pages of a browser have a stream: several pages on one channel.
import assert from "node:assert/strict";
import test from "node:test";
import { answerTime, browserTabs, most, Tabs, type Channel } from "../../web/src/state/tabs.js";
import { forAll } from "./random.js";
import { Clock } from "./world.js";

// Messages arrive later, and with all pages but the sender, as in a browser.
class Browser {
  readonly clock = new Clock();
  readonly channels = new Set<Channel>();

  open = (): Channel => {
    const channel: Channel = {
      onmessage: null,
      postMessage: (message) => {
        for (const other of this.channels) {
          if (other !== channel) {
            this.clock.setTimeout(() => this.deliver(other, message), 1);
          }
        }
      },
      close: () => this.channels.delete(channel),
    };
    this.channels.add(channel);
    return channel;
  };

  deliver(channel: Channel, message: unknown): void {
    if (this.channels.has(channel)) {
      channel.onmessage?.({ data: message } as MessageEvent<unknown>);
    }
  }
}

class Page {
  allowed = false;
  changes = 0;
  channel: Channel | null = null;
  #hasVanished = false;
  readonly tabs: Tabs;

  constructor(readonly browser: Browser, hasChannel = true) {
    this.tabs = new Tabs((allowed) => {
      assert.notEqual(allowed, this.allowed, "told of a change that is none");
      this.allowed = allowed;
      this.changes++;
    }, {
      openChannel: () => this.channel = hasChannel ? browser.open() : null,
      now: browser.clock.now,
      setTimeout: (run, milliseconds) => browser.clock.setTimeout(() => {
        if (!this.#hasVanished) {
          run();
        }
      }, milliseconds),
      clearTimeout: browser.clock.clearTimeout,
    });
  }

  leave(): void {
    this.tabs.leave();
    this.allowed = false;
  }

  // It is gone without a word, as its process has crashed.
  vanish(): void {
    this.#hasVanished = true;
    if (this.channel !== null) {
      this.channel.onmessage = null;
      this.browser.channels.delete(this.channel);
    }
    this.allowed = false;
  }
}

// Pages that are shown one after the other.
async function show(browser: Browser, count: number): Promise<Page[]> {
  const pages = [];
  for (let at = 0; at < count; at++) {
    const page = new Page(browser);
    pages.push(page);
    page.tabs.use();
    await browser.clock.pass(1000);
  }
  return pages;
}

const allowed = (pages: readonly Page[]) => pages.map((page) => page.allowed);

test("as many pages as may have a stream have one, and none is disturbed", async () => {
  const pages = await show(new Browser(), most);
  assert.ok(pages.every((page) => page.allowed && page.changes === 1));
});

test("of more pages those that were used last have a stream", async () => {
  const pages = await show(new Browser(), 7);
  assert.deepEqual(allowed(pages), [false, false, false, true, true, true, true]);
});

test("a page that is used again has a stream, and the one used longest ago gives up", async () => {
  const browser = new Browser();
  const pages = await show(browser, 6);
  pages[0]?.tabs.use();
  assert.ok(pages[0]?.allowed, "at once");
  await browser.clock.pass(1000);
  assert.deepEqual(allowed(pages), [true, false, false, true, true, true]);
});

test("a page takes the place of one that is hidden", async () => {
  const browser = new Browser();
  const pages = await show(browser, 6);
  pages[5]?.leave();
  await browser.clock.pass(1000);
  assert.deepEqual(allowed(pages), [false, true, true, true, true, false]);
});

test("a page takes the place of one that has vanished without a word", async () => {
  const browser = new Browser();
  const pages = await show(browser, 6);
  pages[3]?.vanish();
  await browser.clock.pass(30_000);
  assert.equal(pages.filter((page) => page.allowed).length, most);
});

test("pages that have vanished do not make others give up", async () => {
  const browser = new Browser();
  const pages = await show(browser, most);
  pages.slice(1).forEach((page) => page.vanish());
  await show(browser, most - 1);
  await browser.clock.pass(30_000);
  assert.ok(pages[0]?.allowed);
});

test("pages that are shown at the same time agree", async () => {
  const browser = new Browser();
  const pages = Array.from({ length: 10 }, () => new Page(browser));
  pages.forEach((page) => page.tabs.use());
  await browser.clock.pass(30_000);
  assert.equal(pages.filter((page) => page.allowed).length, most);
});

test("a page that is used has a stream, whatever has become of the clock", async () => {
  const browser = new Browser();
  const pages = await show(browser, 7);
  browser.clock.setBack(3_600_000);
  pages[0]?.tabs.use();
  await browser.clock.pass(4 * answerTime);
  assert.ok(pages[0]?.allowed);
  assert.equal(pages.filter((page) => page.allowed).length, most);
});

test("without a channel every page has a stream", () => {
  const browser = new Browser();
  const pages = Array.from({ length: 10 }, () => new Page(browser, false));
  pages.forEach((page) => page.tabs.use());
  assert.ok(pages.every((page) => page.allowed));
});

test("a browser that refuses a channel is one without", () => {
  const channel = globalThis.BroadcastChannel;
  globalThis.BroadcastChannel = function refuse() {
    throw new DOMException("The operation is insecure.", "SecurityError");
  } as unknown as typeof BroadcastChannel;
  try {
    assert.equal(browserTabs.openChannel(), null);
  } finally {
    globalThis.BroadcastChannel = channel;
  }
});

test("a page that is hidden leaves no channel, no timer, and answers nobody", async () => {
  const browser = new Browser();
  const pages = await show(browser, 7);
  pages.forEach((page) => page.leave());
  await browser.clock.pass(10);
  assert.equal(browser.channels.size, 0);
  assert.equal(browser.clock.timers.size, 0);
});

test("what is no message of a page is ignored", async () => {
  const browser = new Browser();
  const [page] = await show(browser, 1);
  const others = [
    null, 1, "took", [], {}, { kind: "took" }, { kind: "took", page: 1, used: 1 },
    { kind: "x", page: "p", used: 1 }, { kind: "has", page: "p", used: "1" },
  ];
  for (const message of others) {
    page?.channel?.onmessage?.({ data: message } as MessageEvent<unknown>);
  }
  await browser.clock.pass(1000);
  assert.ok(page?.allowed);
  assert.equal(browser.clock.timers.size, 0);
});

test("whatever pages do, in the end those used last have a stream, as many as may", async () => {
  const histories: (() => Promise<void>)[] = [];
  forAll(30, (random) => {
    const steps = Array.from({ length: 40 }, () => ({
      page: random.integer(0, 8), kind: random.integer(0, 9), wait: random.integer(1, 600),
    }));
    histories.push(async () => {
      const browser = new Browser();
      const pages = Array.from({ length: 9 }, () => new Page(browser));
      let visible: Page[] = []; // the one that was used last is the last
      for (const { page: at, kind, wait } of steps) {
        const page = pages[at];
        assert.ok(page);
        visible = visible.filter((other) => other !== page);
        if (kind === 0) {
          page.vanish();
          pages[at] = new Page(browser);
        } else if (kind <= 3) {
          page.leave();
        } else {
          page.tabs.use();
          visible.push(page);
        }
        await browser.clock.pass(wait);
      }
      await browser.clock.pass(60_000 + answerTime);
      assert.deepEqual(pages.filter((page) => page.allowed).length, Math.min(most, visible.length),
        JSON.stringify(steps));
      assert.ok(visible.slice(-most).every((page) => page.allowed), JSON.stringify(steps));
    });
  });
  for (const history of histories) {
    await history();
  }
});
