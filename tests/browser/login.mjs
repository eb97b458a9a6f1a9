// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the login share: tokens and their file, and what somebody does
// to log in.
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";

// A file of tokens in `folder`: of each name, its scopes ("read,metrics").
export class Tokens {
  #names = new Map();

  constructor(folder, names) {
    this.file = path.join(folder, "tokens");
    for (const [name, scopes] of Object.entries(names)) {
      const token = `lunar_${randomBytes(32).toString("base64url")}`;
      this.#names.set(name, { token, scopes });
    }
    this.#write();
  }

  get names() {
    return [...this.#names.keys()];
  }

  of(name) {
    return this.#names.get(name).token;
  }

  // The service reads it again at SIGHUP.
  remove(name) {
    this.#names.delete(name);
    this.#write();
  }

  #write() {
    const lines = [...this.#names].map(([name, { token, scopes }]) =>
      `${name} sha256:${createHash("sha256").update(token).digest("hex")} ${scopes}\n`);
    writeFileSync(this.file, lines.join(""), { mode: 0o600 });
  }
}

export const loginHeading = (page) => page.getByRole("heading", { level: 1, name: "Log in" });

export const tokenField = (page) => page.getByLabel("Token", { exact: true });

// Enter a token in the login that is shown or about to be.
export async function enter(page, token) {
  await tokenField(page).fill(token);
  await page.keyboard.press("Enter");
}

// The button in the header of somebody who has logged in.
export const account = (page, name) => page.getByRole("button", { name: `Session of ${name}` });

export async function logOut(page, name) {
  await account(page, name).click();
  await page.getByRole("button", { name: "Log out" }).click();
}
