// SPDX-License-Identifier: Apache-2.0
export function Feed() {
  return <section class="panel" aria-label="Launches and explosions">Launches and explosions</section>;
}
