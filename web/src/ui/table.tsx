// SPDX-License-Identifier: Apache-2.0
export function RocketsTable() {
  return <section class="panel" aria-label="Rockets">Rockets</section>;
}
