// SPDX-License-Identifier: Apache-2.0
//
// How long to wait before the next try. Each page adds a random part, so that all
// pages do not come back at the same moment after a restart of the service.
import type { RequestError } from "./client.js";

const withoutResponse = [0, 500, 1000, 2000, 4000, 8000];
const refused = [1000, 2000, 4000, 8000];
const leastRetryAfter = 1000;
const mostRetryAfter = 300_000;

export class Backoff {
  readonly #random: () => number;
  #failures = 0;
  #answered = false; // by the last failure

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  // A try has failed. Milliseconds until the next one.
  failed(error: RequestError): number {
    const answered = error.status !== 0;
    if (answered !== this.#answered) {
      this.#answered = answered;
      this.#failures = 0;
    }
    const steps = answered ? refused : withoutResponse;
    const step = steps[Math.min(this.#failures++, steps.length - 1)] ?? 0;
    if (answered && error.retryAfter !== null) {
      const least = Math.min(Math.max(error.retryAfter, leastRetryAfter), mostRetryAfter);
      return least * (1 + 0.25 * this.#random());
    }
    return step * (0.75 + 0.5 * this.#random());
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
