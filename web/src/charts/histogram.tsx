// SPDX-License-Identifier: Apache-2.0
export function Histogram() {
  return <section class="panel" aria-label="Speeds">Speeds</section>;
}
