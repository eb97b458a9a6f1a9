// SPDX-License-Identifier: Apache-2.0
export function RocketPage() {
  return <section class="panel" aria-label="Rocket">Rocket</section>;
}
