// SPDX-License-Identifier: Apache-2.0
//
// What the reader has chosen for this browser. It is kept in localStorage, and
// for this page only where there is none.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const prefix = "lunar.";

function stored(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null; // no storage, or it is not allowed
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // It holds for this page only.
  }
}

function storedTheme(): Theme {
  const value = stored("theme");
  return value === "light" || value === "dark" ? value : "system";
}

export const theme = signal<Theme>(storedTheme());
export const utc = signal(stored("utc") === "true"); // times in UTC instead of local ones
// Keys without a modifier (WCAG 2.1.4).
export const shortcuts = signal(stored("shortcuts") !== "false");

effect(() => store("theme", theme.value));
effect(() => store("utc", String(utc.value)));
effect(() => store("shortcuts", String(shortcuts.value)));
