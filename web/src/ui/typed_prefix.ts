// SPDX-License-Identifier: Apache-2.0
//
// What somebody types into the search, told on when they pause. From the first
// letter to end() is one act of searching, and one entry in the history.

export type ShowPrefix = (prefix: string | null, replace: boolean) => void;

export class TypedPrefix {
  readonly #show: ShowPrefix;
  readonly #delay: number; // ms
  #timer: ReturnType<typeof setTimeout> | null = null;
  #text = "";
  #entered = false; // the search has an entry in the history

  constructor(show: ShowPrefix, delay = 150) {
    this.#show = show;
    this.#delay = delay;
  }

  // Whether something is typed that was not told yet.
  get pending(): boolean {
    return this.#timer !== null;
  }

  type(text: string): void {
    this.#text = text.trim();
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
    this.#timer = setTimeout(() => this.flush(), this.#delay);
  }

  // Tell at once what is typed.
  flush(): void {
    if (this.#timer === null) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#show(this.#text === "" ? null : this.#text, this.#entered);
    this.#entered = true;
  }

  // What is typed next is another search.
  end(): void {
    this.flush();
    this.#entered = false;
  }
}
