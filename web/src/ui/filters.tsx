// SPDX-License-Identifier: Apache-2.0
export function Filters() {
  return <div class="chips" />;
}
