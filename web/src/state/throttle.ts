// SPDX-License-Identifier: Apache-2.0
//
// Work that is asked for often and done now and then: never twice at the same
// time, at most once a period, and once more if it was asked for while it was done.

export class Throttle {
  readonly #work: () => Promise<void>;
  readonly #period: number; // ms
  readonly #signal: AbortSignal;
  #asked = false;
  #scheduled = false;
  #last = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  // `signal` ends it. `work` must not reject.
  constructor(work: () => Promise<void>, period: number, signal: AbortSignal) {
    this.#work = work;
    this.#period = period;
    this.#signal = signal;
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  ask(): void {
    this.#asked = true;
    this.#schedule();
  }

  // What was asked for is not needed any more.
  cancel(): void {
    this.#asked = false;
  }

  #schedule(): void {
    if (this.#asked && !this.#scheduled && !this.#signal.aborted) {
      this.#scheduled = true;
      const wait = this.#last + this.#period - performance.now();
      this.#timer = setTimeout(() => void this.#run(), Math.max(0, wait));
    }
  }

  async #run(): Promise<void> {
    if (this.#asked) {
      this.#asked = false;
      this.#last = performance.now();
      await this.#work();
    }
    this.#scheduled = false;
    this.#schedule();
  }
}
