// SPDX-License-Identifier: Apache-2.0
//
// Reads JSON of the service. References are relative to the page, so that they
// work behind a proxy that adds a prefix. Each failure is a RequestError whose
// message is for people, except an abort by the caller.
import type { Fleet, Gaps, Rocket } from "./types.js";

// How long a read may take. A service that has stopped without closing its
// connections would keep the page waiting for ever.
const timeLimit = 20_000;

export class RequestError extends Error {
  override readonly name = "RequestError";

  // `status` is 0 if no response was received. `retryAfter` is in milliseconds.
  constructor(
    message: string,
    readonly status: number,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

export interface Answer<T> {
  readonly data: T;
  // The ETag in the form of an event's id: without W/ and quotes.
  readonly etag: string | null;
  readonly headers: Headers;
}

// Milliseconds from `now` on, of both forms that RFC 9110, section 10.2.3, has.
// Null: there is none, or it is invalid.
export function parseRetryAfter(value: string | null, now: number): number | null {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) {
    return Number(text) * 1000;
  }
  // Date.parse() accepts much more than dates of HTTP, so the form is checked first.
  if (!/^[A-Z][a-z]+, ?\d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} [\d:]{8} GMT$/.test(text)) {
    return null;
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

// The ETag in the form of an event's id. Some proxies that compress a response
// append to its ETag, such as "-gzip".
export function parseEtag(value: string | null): string | null {
  return /^(?:W\/)?"(\w+-\d+)[^"]*"$/.exec(value ?? "")?.[1] ?? null;
}

// What a response other than 200 says: `detail` of its problem, or, as that of a
// proxy has none, its status.
export async function refusalOf(response: Response, now: number): Promise<RequestError> {
  let reason = "";
  try {
    if (response.headers.get("Content-Type")?.includes("json")) {
      const problem = await response.json() as { detail?: unknown; title?: unknown };
      reason = [problem.detail, problem.title]
        .find((text): text is string => typeof text === "string" && text !== "") ?? "";
    } else {
      await response.body?.cancel();
    }
  } catch {
    // There is only the status to report.
  }
  const { status, statusText } = response;
  return new RequestError(
    reason || `HTTP status ${status}${statusText === "" ? "" : `, ${statusText}`}`,
    status,
    parseRetryAfter(response.headers.get("Retry-After"), now),
  );
}

// The errors of fetch() tell people little, and differ between browsers.
export function networkError(error: unknown): RequestError {
  return error instanceof RequestError
    ? error
    : new RequestError("the service cannot be reached", 0);
}

// GET `reference`, such as "rockets?sort=id". Of several instances of a service the
// answer is of one that has the revision `after`. Rejects with `signal.reason` if that
// is aborted.
export async function getJson<T>(
  reference: string,
  signal?: AbortSignal,
  after: number | null = null,
): Promise<Answer<T>> {
  signal?.throwIfAborted();
  const abort = new AbortController();
  const forward = () => abort.abort(signal?.reason);
  signal?.addEventListener("abort", forward, { once: true });
  const timer = setTimeout(() => {
    abort.abort(new RequestError(`no response within ${timeLimit / 1000} s`, 0));
  }, timeLimit);
  try {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (after !== null) {
      headers["Lunar-After"] = String(after);
    }
    // The browser need not keep what is read once.
    const response = await fetch(reference, {
      headers, cache: "no-store", signal: abort.signal,
    });
    if (response.status !== 200) {
      throw await refusalOf(response, Date.now());
    }
    const data = await response.json() as T;
    return { data, etag: parseEtag(response.headers.get("ETag")), headers: response.headers };
  } catch (error) {
    signal?.throwIfAborted();
    throw networkError(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", forward);
  }
}

// The reference of the `Link` field with this relation, such as "?sort=id&cursor=x",
// relative to the request's.
export function linkOf(headers: Headers, relation: string): string | null {
  for (const [, reference, parameters] of
    (headers.get("Link") ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    const relations = /;\s*rel="?([^";,]*)/i.exec(parameters ?? "")?.[1]?.split(/\s+/);
    if (reference !== undefined && relations?.includes(relation)) {
      return reference;
    }
  }
  return null;
}

export function readFleet(signal?: AbortSignal): Promise<Answer<Fleet>> {
  return getJson<Fleet>("fleet", signal);
}

// A URL cannot have "." or ".." as a part of its path, and some proxies take
// "%2F" for a "/".
function fitsIntoPath(id: string): boolean {
  return id !== "." && id !== ".." && !id.includes("/");
}

export async function readRocket(
  id: string,
  signal?: AbortSignal,
  after: number | null = null,
): Promise<Answer<Rocket>> {
  if (fitsIntoPath(id)) {
    return getJson<Rocket>(`rockets/${encodeURIComponent(id)}`, signal, after);
  }
  // Of all ids that begin with it, the id itself is the first.
  const query = new URLSearchParams({ idPrefix: id, sort: "id", limit: "1" });
  const answer = await getJson<readonly Rocket[]>(`rockets?${query}`, signal, after);
  const rocket = answer.data[0];
  if (rocket?.id !== id) {
    throw new RequestError("there is no rocket with this id", 404);
  }
  return { ...answer, data: rocket };
}

// All of them: a rocket has at most 16,384 ranges, in pages of 10,000.
export async function readGaps(id: string, signal?: AbortSignal): Promise<Answer<Gaps>> {
  if (!fitsIntoPath(id)) {
    throw new RequestError("the gaps of a rocket with such an id cannot be read", 400);
  }
  const path = `rockets/${encodeURIComponent(id)}/gaps`;
  const answer = await getJson<Gaps>(`${path}?limit=10000`, signal);
  const next = linkOf(answer.headers, "next");
  if (next === null) {
    return answer;
  }
  const rest = await getJson<Gaps>(`${path}${next}`, signal);
  return { ...rest, data: { ...rest.data, gaps: [...answer.data.gaps, ...rest.data.gaps] } };
}
