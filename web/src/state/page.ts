// SPDX-License-Identifier: Apache-2.0
//
// The page of the table: at most `pageSize` rockets, in an order that stays as
// it is until the reader asks for it, while the rockets themselves change.
import { signal, type Signal } from "@preact/signals";
import type { Rocket } from "../api/types.js";

export const pageSize = 50;

export interface Row {
  readonly id: string;
  readonly rocket: Signal<Rocket>;
}

export const rows = signal<readonly Row[]>([]);
export const total = signal<number | null>(null); // that match; null: not known
export const first = signal(0); // the position of the first row in the list
export const hasNext = signal(false);
export const loading = signal(false);
export const failure = signal<string | null>(null); // why it could not be read

// How many rows would change their place, come or go if it was sorted now.
export const moved = signal(0);

// While it is true rows keep what they show, as text of them is selected.
export const held = signal(false);

export declare function showNext(): void;
export declare function showPrevious(): void;
export declare function sortAgain(): void;
