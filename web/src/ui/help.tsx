// SPDX-License-Identifier: Apache-2.0
import { signal } from "@preact/signals";

export const helpIsOpen = signal(false);

export function Help() {
  return null;
}
