// SPDX-License-Identifier: Apache-2.0
//
// What the reader has chosen for this browser. It is kept in localStorage, and
// for this page only where there is none.
import { signal, type Signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const readers = new Map<string, (text: string | null) => void>();

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

// A signal that is kept as `name`. `parse` takes any text; null: nothing is kept.
function kept<T extends string | boolean>(
  name: string, parse: (text: string | null) => T,
): Signal<T> {
  const value = signal(parse(read(name)));
  let written = value.peek();
  value.subscribe((next) => {
    if (next !== written) {
      written = next;
      try {
        localStorage.setItem(name, String(next));
      } catch {
        // It holds for this page only.
      }
    }
  });
  readers.set(name, (text) => {
    written = parse(text);
    value.value = written;
  });
  return value;
}

export const theme = kept<Theme>("lunar.theme",
  (text) => (text === "light" || text === "dark" ? text : "system"));

// Times in UTC instead of local ones.
export const utc = kept("lunar.utc", (text) => text === "true");

// Keys without a modifier (WCAG 2.1.4).
export const shortcuts = kept("lunar.shortcuts", (text) => text !== "false");

// Another tab has changed one, or (key null) all.
if (typeof window !== "undefined") {
  addEventListener("storage", ({ key, newValue }) => {
    for (const [name, take] of readers) {
      if (key === null || key === name) {
        take(newValue);
      }
    }
  });
}
