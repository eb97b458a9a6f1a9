// SPDX-License-Identifier: Apache-2.0
export function Names() {
  return <section class="panel" aria-label="Types and missions">Types and missions</section>;
}
