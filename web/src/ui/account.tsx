// SPDX-License-Identifier: Apache-2.0
//
// Who has logged in, in the header. What the session may do, until when, and the
// way out open below it.
import "./account.css";
import { computed, useSignal } from "@preact/signals";
import { RequestError } from "../api/client.js";
import { logOut, session } from "../state/access.js";
import { Person } from "./icons.js";
import { failureText } from "./login_text.js";
import { Time } from "./time.js";

const panelId = "account";

const isLoggedIn = computed(() => session.value !== null && session.value.name !== null);

function LogOut() {
  const problem = useSignal<string | null>(null);
  const leave = () => {
    problem.value = null;
    logOut().catch((error: unknown) => {
      problem.value = error instanceof RequestError ? failureText(error, "") : String(error);
    });
  };
  return (
    <>
      <button type="button" class="button" onClick={leave}>Log out</button>
      <p class="account-problem" role="alert">{problem}</p>
    </>
  );
}

function Panel() {
  const { name = null, scopes = [], expires = null } = session.value ?? {};
  return (
    <div id={panelId} class="account" popover="auto" role="group" aria-label="Session">
      <dl class="account-facts">
        <dt class="label">Logged in as</dt>
        <dd class="breakable">{name}</dd>
        <dt class="label">Scopes</dt>
        <dd>{scopes.length === 0 ? "none" : scopes.join(", ")}</dd>
        {expires !== null && (
          <>
            <dt class="label">Until</dt>
            <dd><Time time={expires} /></dd>
          </>
        )}
      </dl>
      <LogOut />
    </div>
  );
}

export function Account() {
  if (!isLoggedIn.value) {
    return null;
  }
  const name = session.value?.name ?? "";
  return (
    <>
      <button type="button" class="icon-button account-button" popovertarget={panelId}
        aria-label={`Session of ${name}`} title={`Logged in as ${name}`}>
        <Person />
        <span class="account-name truncate not-phone">{name}</span>
      </button>
      <Panel />
    </>
  );
}
