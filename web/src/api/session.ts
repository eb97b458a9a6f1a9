// SPDX-License-Identifier: Apache-2.0
//
// Login, logout, and who the page is to the service. The token is sent once; what
// the browser keeps is a cookie that no script can read.
import { networkError, refusalOf, RequestError } from "./client.js";
import type { Session } from "./types.js";

const timeLimit = 20_000; // ms, as of reads

// Rejects with a RequestError.
async function send<T>(
  reference: string, init: RequestInit, take: (response: Response) => Promise<T>,
): Promise<T> {
  try {
    const response = await fetch(reference, {
      ...init, cache: "no-store", signal: AbortSignal.timeout(timeLimit),
    });
    if (!response.ok) {
      throw await refusalOf(response, Date.now());
    }
    return await take(response);
  } catch (error) {
    throw networkError(error);
  }
}

export interface SessionAnswer {
  readonly session: Session;
  // Milliseconds until the session ends, by the clock of the service; null: there
  // is none.
  readonly remaining: number | null;
}

async function takeSession(response: Response): Promise<SessionAnswer> {
  const session = await response.json() as Session;
  // A proxy may answer for a service that is too old.
  if (typeof session.tokens !== "boolean" || !Array.isArray(session.scopes)) {
    throw new RequestError("the response is not a session", 0);
  }
  const date = Date.parse(response.headers.get("Date") ?? "");
  const now = Number.isNaN(date) ? Date.now() : date;
  return {
    session,
    remaining: session.expires === null ? null : Date.parse(session.expires) - now,
  };
}

export function readSession(): Promise<SessionAnswer> {
  return send("session", { headers: { Accept: "application/json" } }, takeSession);
}

// Begin a session.
export function postLogin(token: string): Promise<void> {
  return send("login", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ token }),
  }, (response) => response.body?.cancel() ?? Promise.resolve());
}

// End it.
export function postLogout(): Promise<void> {
  return send("logout", { method: "POST" }, () => Promise.resolve());
}
