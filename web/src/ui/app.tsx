// SPDX-License-Identifier: Apache-2.0
export function App() {
  return <main>…</main>;
}
