// SPDX-License-Identifier: Apache-2.0
//
// Whether the page may read, and as whom. Nothing is asked before the service
// refuses something, or the page is live: where no login is needed, none costs
// time. The session itself is a cookie that the page cannot see, so the service
// is asked about it, never the other way round.
import { batch, signal } from "@preact/signals";
import { RequestError } from "../api/client.js";
import { postLogin, postLogout, readSession, type SessionAnswer } from "../api/session.js";
import type { Session } from "../api/types.js";
import type { Channel } from "./tabs.js";

// What the service has said last; null: nothing, or it knows no sessions.
export const session = signal<Session | null>(null);

// Why somebody has to log in before the page goes on.
export type LoginReason =
  | "needed" // the service asks for a token
  | "asked" // the reader wants to
  | "loggedOut" // here
  | "loggedOutElsewhere" // in another tab
  | "expired"
  | "ended" // before its time: the token was removed, or the browser lost the cookie
  | "scope"; // somebody has logged in, but may not read

// Null: the page goes on, whoever it is.
export const loginReason = signal<LoginReason | null>(null);

const scopeOfPage = "read";

// A clock and the network are not exact (ms).
const tolerance = 2000;

let endsAt: number | null = null; // of the session, as Date.now()
let asking: Promise<boolean> | null = null;
let channel: Channel | null = null;

// Goes to the page for which somebody logs in; null: it is this one.
let leave: (() => void) | null = null;

function mayGoOn({ tokens, name, scopes }: Session): boolean {
  if (!tokens || (leave !== null && name !== null)) {
    return true;
  }
  return scopes.includes(scopeOfPage) && (name !== null || loginReason.peek() !== "asked");
}

function reasonFor(before: Session | null, now: Session, ended: LoginReason | null): LoginReason {
  if (now.name !== null) {
    return "scope";
  }
  if (before !== null && before.name !== null) {
    const isOver = endsAt !== null && Date.now() >= endsAt - tolerance;
    return ended ?? (isOver ? "expired" : "ended");
  }
  const known = loginReason.peek();
  return known === null || known === "scope" ? "needed" : known;
}

// `ended`: why the session that was there has ended, if that is known.
function take({ session: now, remaining }: SessionAnswer, ended: LoginReason | null): void {
  const before = session.peek();
  if (leave !== null && mayGoOn(now)) {
    leave();
    return;
  }
  batch(() => {
    loginReason.value = mayGoOn(now) ? null : reasonFor(before, now, ended);
    session.value = now;
  });
  endsAt = remaining === null ? null : Date.now() + remaining;
}

async function ask(ended: LoginReason | null): Promise<boolean> {
  const answer = await readSession().catch(() => null);
  if (answer !== null) {
    take(answer, ended);
  }
  return loginReason.peek() !== null;
}

// Whether a program must send a token for what needs `scope`: as far as the page can
// know, which after a login cannot see what others may do.
export function needsToken(now: Session | null, scope: string): boolean {
  return now !== null && now.tokens && (now.name !== null || !now.scopes.includes(scope));
}

// Ask the service who the page is. Returns whether somebody has to log in.
export function checkAccess(ended: LoginReason | null = null): Promise<boolean> {
  asking ??= ask(ended).finally(() => {
    asking = null;
  });
  return asking;
}

// A response with this status may mean that somebody has to log in.
export function mayNeedLogin(status: number): boolean {
  return status === 401 || status === 403;
}

// A read in the background has failed.
export function checkFailure(error: unknown): void {
  if (error instanceof RequestError && mayNeedLogin(error.status)) {
    void checkAccess();
  }
}

// The reader wants to log in. `leaveTo`: for another page, to which it goes.
export function askForLogin(leaveTo: (() => void) | null = null): void {
  leave = leaveTo;
  loginReason.value = "asked";
}

// The reader does not want to, after all. Where that was needed it still is.
export function cancelLogin(): void {
  loginReason.value = null;
}

// Rejects with a RequestError; status 200 means that the browser has not kept the
// session.
export async function logIn(token: string): Promise<void> {
  try {
    await postLogin(token);
  } catch (error) {
    // Started again without tokens, or never with some.
    if (error instanceof RequestError && error.status === 404 && !await checkAccess()) {
      return;
    }
    throw error;
  }
  const answer = await readSession();
  if (answer.session.tokens && answer.session.name === null) {
    throw new RequestError("the browser has not kept the session", 200);
  }
  take(answer, null);
  channel?.postMessage("loggedIn");
}

// Rejects with a RequestError; the session then goes on.
export async function logOut(): Promise<void> {
  await postLogout();
  channel?.postMessage("loggedOut");
  take(await readSession().catch((): SessionAnswer => ({
    session: { tokens: true, name: null, scopes: [], expires: null }, remaining: null,
  })), "loggedOut");
}

// The page is in use: hear what other tabs do.
export function followOthers(open: () => Channel | null): void {
  channel ??= open();
  if (channel !== null) {
    channel.onmessage = ({ data }) => {
      void checkAccess(data === "loggedOut" ? "loggedOutElsewhere" : null);
    };
  }
}

// A channel would keep the page from the back/forward cache.
export function leaveOthers(): void {
  channel?.close();
  channel = null;
}
