// SPDX-License-Identifier: Apache-2.0
//
// Random values for tests that argue about all values. A failure names the round
// and its seed: LUNAR_SEED=N makes the same values again.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  // 0 to 1, without 1 (mulberry32).
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  // An integer, both ends included.
  integer(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.integer(0, values.length - 1)];
    if (value === undefined) {
      throw new Error("nothing to pick from");
    }
    return value;
  }

  // Text without control characters and lone surrogates, often with what URLs,
  // shells and HTML take for their own. At least one character.
  text(longest: number): string {
    const special = Array.from("'\"\\$`!&|;<>()*?[]{}#%+ ~=,/:.-_\u202e\u00a0é日🚀");
    return Array.from({ length: this.integer(1, longest) }, () => {
      if (this.chance(0.5)) {
        return this.pick(special);
      }
      const code = this.integer(0x20, this.chance(0.9) ? 0x7e : 0xd7ff);
      return String.fromCharCode(code >= 0x7f && code < 0xa0 ? 0x41 : code);
    }).join("");
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values.map((value) => ({ value, key: this.unit() }))
      .sort((a, b) => a.key - b.key).map(({ value }) => value);
  }
}

// Call `claim` with other random values each round.
export function forAll(rounds: number, claim: (random: Random) => void): void {
  const first = Number(process.env.LUNAR_SEED ?? Date.now() % 1e9);
  for (let seed = first; seed < first + rounds; seed++) {
    try {
      claim(new Random(seed));
    } catch (error) {
      throw new Error(`with LUNAR_SEED=${seed}: ${String(error)}`, { cause: error });
    }
  }
}
