// SPDX-License-Identifier: Apache-2.0
export function Tiles() {
  return <section class="panel" aria-label="Totals">Totals</section>;
}
