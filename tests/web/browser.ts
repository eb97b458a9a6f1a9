// SPDX-License-Identifier: Apache-2.0
//
// What the state of the page needs of a browser: its location, its history and
// fetch(). To be imported before anything of web/src, which looks for them at once.

interface Entry {
  url: string;
  state: unknown;
}

interface Popped extends Event {
  state: unknown;
}

const target = new EventTarget();
export const entries: Entry[] = [{ url: "https://host.example/prefix/", state: null }];
let current = 0;

function here(): Entry {
  const entry = entries[current];
  if (entry === undefined) {
    throw new Error("no entry");
  }
  return entry;
}

function change(state: unknown, url: URL | string | undefined, push: boolean): void {
  const next = new URL(url ?? here().url, here().url);
  if (next.origin !== new URL(here().url).origin) {
    throw new Error("another origin");
  }
  if (push) {
    entries.splice(++current);
  }
  entries[current] = { url: next.href, state: structuredClone(state) };
}

// Go to another entry, as the buttons of the browser do.
export function go(steps: number): void {
  current = Math.min(Math.max(current + steps, 0), entries.length - 1);
  const event = new Event("popstate") as Popped;
  event.state = structuredClone(here().state);
  target.dispatchEvent(event);
}

// Follow a link to a fragment.
export function goToFragment(name: string): void {
  change(null, `#${name}`, true);
  go(0);
}

// Begin a new history with `search`.
export function visit(search: string): void {
  entries.splice(0, Infinity, { url: `https://host.example/prefix/${search}`, state: null });
  current = 0;
  go(0);
}

export function currentEntry(): Readonly<Entry> {
  return here();
}

// What the service answers; set by tests.
export interface Request {
  readonly url: URL;
  readonly headers: Headers;
  readonly signal: AbortSignal | null;
}

export const service: { answer: (request: Request) => Response | Promise<Response> } = {
  answer: () => new Response("nothing is set", { status: 500 }),
};

export function json(
  data: unknown, headers: Record<string, string> = {}, status = 200,
): Response {
  return new Response(JSON.stringify(data), {
    status,
    headers: {
      "Content-Type": status === 200 ? "application/json" : "application/problem+json", ...headers,
    },
  });
}

async function fakeFetch(reference: string, options: RequestInit = {}): Promise<Response> {
  const signal = options.signal ?? null;
  signal?.throwIfAborted();
  const url = new URL(reference, here().url);
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  const headers = new Headers(options.headers);
  return Promise.race([service.answer({ url, headers, signal }), aborted]);
}

const globals = {
  location: {
    get href() { return here().url; },
    get search() { return new URL(here().url).search; },
    get pathname() { return new URL(here().url).pathname; },
  },
  history: {
    get state() { return here().state; },
    pushState: (state: unknown, _: string, url?: URL | string) => change(state, url, true),
    replaceState: (state: unknown, _: string, url?: URL | string) => change(state, url, false),
  },
  addEventListener: target.addEventListener.bind(target),
  removeEventListener: target.removeEventListener.bind(target),
  fetch: fakeFetch,
};

for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
