// SPDX-License-Identifier: Apache-2.0
export function Empty() {
  return <section class="panel" aria-label="No rockets yet">No rockets yet</section>;
}
