// SPDX-License-Identifier: Apache-2.0
//
// What has happened while the page was not connected. The service does not tell
// launches and explosions of meanwhile, so without a word the feed would look as
// if there were none. The totals of before and after say how many.
import type { Summary } from "../api/types.js";
import { formatNumber } from "../text/numbers.js";

// A summary may be a second old. After this time (ms) there is a newer one.
const settled = 2000;

type Kind = "launched" | "exploded";

function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s` : `${formatNumber(Math.round(seconds / 60))} min`;
}

export class Absence {
  #before: Summary | null = null; // null: there is nothing to tell
  #from = 0;
  #until: number | null = null; // null: the page is not connected
  #listed: Record<Kind, number> = { launched: 0, exploded: 0 };

  // To be called when the connection is lost, and as often as one likes after.
  begin(at: number, before: Summary | null): void {
    if (this.#before === null) {
      this.#before = before;
      this.#from = at;
      this.#listed = { launched: 0, exploded: 0 };
    }
    this.#until = null;
  }

  end(at: number): void {
    this.#until ??= at;
  }

  // The feed has got `count` more, which are not to be told again.
  list(kind: Kind, count: number): void {
    this.#listed[kind] += count;
  }

  // To be called each second while the page is connected. Returns what has
  // happened, once; null if nothing has, or that is not known yet.
  tell(at: number, now: Summary | null): string | null {
    const before = this.#before;
    if (before === null || now === null || this.#until === null || at - this.#until < settled) {
      return null;
    }
    this.#before = null;
    if (before.start !== now.start) {
      return null; // the rockets of before are gone, and the feed says so
    }
    const launched = now.rockets.total - before.rockets.total - this.#listed.launched;
    const exploded = now.rockets.exploded - before.rockets.exploded - this.#listed.exploded;
    const parts: string[] = [];
    if (launched > 0) {
      parts.push(`${formatNumber(launched)} more ${launched === 1 ? "rocket" : "rockets"}`);
    }
    if (exploded > 0) {
      parts.push(`${formatNumber(exploded)} more exploded`);
    }
    return parts.length === 0
      ? null : `Not connected for ${duration(this.#until - this.#from)}: ${parts.join(", ")}`;
  }
}
