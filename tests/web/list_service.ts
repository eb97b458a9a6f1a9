// SPDX-License-Identifier: Apache-2.0
//
// A service that has rockets and answers GET /rockets, sorted by speed, descending.
import assert from "node:assert/strict";
import type { Rocket } from "../../web/src/api/types.js";
import { json } from "./browser.js";
import { rocketOf } from "./fleets.js";

export const fleet = new Map<string, Rocket>();
let revision = 0;

export function put(id: string, more: Partial<Rocket>): Rocket {
  const rocket = { ...(fleet.get(id) ?? rocketOf(id, 0)), ...more, revision: ++revision };
  fleet.set(id, rocket);
  return rocket;
}

export function answer({ url }: { url: URL }): Response {
  assert.equal(url.pathname, "/prefix/rockets");
  const { sort, order, status, limit, cursor } = Object.fromEntries(url.searchParams);
  assert.deepEqual([sort, order], ["speed", "desc"]);
  const all = [...fleet.values()]
    .filter((rocket) => status === undefined || rocket.status === status)
    .sort((a, b) => b.speed - a.speed || (a.id < b.id ? -1 : 1));
  const from = cursor === undefined ? 0 : all.findIndex(({ id, speed }) =>
    speed < Number(cursor.split("_")[0])
    || (speed === Number(cursor.split("_")[0]) && id > (cursor.split("_")[1] ?? "")));
  const page = from < 0 ? [] : all.slice(from, from + Number(limit));
  const last = page.at(-1);
  const next = last !== undefined && from + page.length < all.length
    ? { Link: `<?sort=speed&cursor=${String(last.speed)}_${last.id}>; rel="next"` } : {};
  return json(page, {
    "X-Total-Count": String(all.length), ETag: `W/"start-${String(revision)}"`, ...next,
  });
}

// r001 is the fastest.
export function launch(count: number): void {
  for (let index = 1; index <= count; index++) {
    put(`r${String(index).padStart(3, "0")}`, { speed: 10_000 - index });
  }
}

// The id of an event that has all changes.
export function latestId(): string {
  return `start-${String(revision)}`;
}

// Another start, with revisions from the beginning.
export function startAgain(): void {
  fleet.clear();
  revision = 0;
}

// A response that is given when `answerNow` is called.
export function delayed(): { response: Promise<Response>; answerNow: (it: Response) => void } {
  let answerNow: (it: Response) => void = () => undefined;
  const response = new Promise<Response>((resolve) => {
    answerNow = resolve;
  });
  return { response, answerNow };
}
