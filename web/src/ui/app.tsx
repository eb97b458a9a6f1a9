// SPDX-License-Identifier: Apache-2.0
//
// What is on the page.
export function App() {
  return <main>…</main>;
}
