// SPDX-License-Identifier: Apache-2.0
//
// What the reader has chosen for this browser. It is kept in localStorage, and
// for this page only where there is none.
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

export const theme = signal<Theme>("system");
export const utc = signal(false); // times in UTC instead of local ones
export const shortcuts = signal(true); // keys without a modifier (WCAG 2.1.4)
