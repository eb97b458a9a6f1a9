// SPDX-License-Identifier: Apache-2.0
//
// A service with tokens, as far as a login sees it, in the place of fetch(). The
// browser keeps its cookie, unless it is told not to.
import type { gate } from "./world.js";

interface Token {
  readonly name: string;
  readonly scopes: readonly string[];
}

const problem = (status: number, detail: string, fields: Record<string, string> = {}) =>
  new Response(JSON.stringify({ detail, status }), {
    status, headers: { "Content-Type": "application/problem+json", ...fields },
  });

export class LoginService {
  readonly requests: string[] = []; // "POST login"
  readonly tokens = new Map<string, Token>();
  usesTokens = true;
  anonymous: readonly string[] = [];
  keepsCookies = true;
  refusal: Response | null = null; // of the next request
  statusOfReads = 404; // of what is neither login nor session
  isGone = false;
  wait: ReturnType<typeof gate> | null = null; // before it says who the page is
  clockAhead = 0; // ms, of its clock to the browser's
  #session: string | null = null;
  #expires = 0;

  install(): void {
    Object.assign(globalThis, {
      fetch: (reference: string, init: RequestInit = {}) => this.#answer(reference, init),
    });
  }

  // Somebody logs in, or out (null), in another tab.
  logInElsewhere(token: string | null): void {
    this.#session = token;
    this.#expires = Date.now() + 3_600_000;
  }

  async #answer(reference: string, init: RequestInit): Promise<Response> {
    const operation = `${init.method ?? "GET"} ${reference}`;
    this.requests.push(operation);
    if (operation === "GET session") {
      await this.wait?.opened;
    }
    if (this.isGone) {
      throw new TypeError("Failed to fetch");
    }
    const refusal = this.refusal;
    if (refusal !== null) {
      this.refusal = null;
      return refusal;
    }
    switch (operation) {
      case "GET session":
        return this.#say();
      case "POST login":
        return this.#logIn(init.body);
      case "POST logout":
        this.#session = null;
        return new Response(null, { status: 204 });
      default:
        return problem(this.statusOfReads, "no");
    }
  }

  #logIn(body: unknown): Response {
    const { token } = JSON.parse(String(body)) as { token: string };
    if (!this.usesTokens) {
      return problem(404, "the service has no tokens");
    }
    if (!this.tokens.has(token)) {
      return problem(401, "the token is not known");
    }
    if (this.keepsCookies) {
      this.logInElsewhere(token);
    }
    return this.#say();
  }

  #say(): Response {
    const known = this.#session === null ? undefined : this.tokens.get(this.#session);
    const scopes = [...this.anonymous, ...known?.scopes ?? []];
    const data = this.usesTokens ? {
      tokens: true, name: known?.name ?? null, scopes,
      expires: known === undefined ? null : this.#time(this.#expires).toISOString(),
    } : {
      tokens: false, name: null, scopes: ["ingest", "read", "metrics", "admin"], expires: null,
    };
    return new Response(JSON.stringify(data), { headers: {
      "Content-Type": "application/json", Date: this.#time(Date.now()).toUTCString(),
    } });
  }

  #time(at: number): Date {
    return new Date(at + this.clockAhead);
  }
}
