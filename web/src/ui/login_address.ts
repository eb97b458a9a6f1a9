// SPDX-License-Identifier: Apache-2.0
//
// The address by which another page of this service sends somebody who wants to log
// in, "?login=swagger". It goes back there, and to no address that a link could say.
import { askForLogin } from "../state/access.js";

// The page to go back to, such as "swagger#/rockets/getRocket"; null: none.
export function pageOfLogin(search: string, hash: string): string | null {
  return new URLSearchParams(search).get("login") === "swagger" ? `swagger${hash}` : null;
}

export function takeLoginAddress(): void {
  const page = pageOfLogin(location.search, location.hash);
  if (page !== null) {
    askForLogin(() => location.replace(page));
  }
}
