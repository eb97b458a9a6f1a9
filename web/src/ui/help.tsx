// SPDX-License-Identifier: Apache-2.0
//
// The dialog of help and settings: switches, keys, what the words of the page
// mean, and where the API is.
import "./help.css";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Health } from "../api/types.js";
import { askForLogin, loginReason, session } from "../state/access.js";
import { isPaused, switchPause } from "../state/session.js";
import { shortcuts, theme, utc, type Theme } from "../state/settings.js";
import { Close } from "./icons.js";
import { shortcutList } from "./shortcuts.js";
import { helpIsOpen } from "./shown.js";
import { words } from "./words.js";

const themes: readonly (readonly [Theme, string])[] = [
  ["system", "As the system"], ["light", "Light"], ["dark", "Dark"],
];

function Settings() {
  return (
    <section class="help-settings" aria-labelledby="help-settings">
      <h3 id="help-settings">Settings</h3>
      <fieldset class="row">
        <legend class="visually-hidden">Theme</legend>
        {themes.map(([value, name]) => (
          <label key={value} class="help-choice">
            <input type="radio" name="theme" checked={theme.value === value}
              onChange={() => { theme.value = value; }} />
            {name}
          </label>
        ))}
      </fieldset>
      <label class="help-choice">
        <input type="checkbox" checked={utc}
          onChange={(event) => { utc.value = event.currentTarget.checked; }} />
        Times in UTC
      </label>
      <label class="help-choice">
        <input type="checkbox" checked={isPaused} onChange={switchPause} />
        Pause updates
      </label>
      <label class="help-choice">
        <input type="checkbox" checked={shortcuts}
          onChange={(event) => { shortcuts.value = event.currentTarget.checked; }} />
        Use the keys of this list
      </label>
    </section>
  );
}

function Keys() {
  return (
    <section aria-labelledby="help-keys">
      <h3 id="help-keys">Keys</h3>
      <dl class="help-keys">
        {shortcutList.map(({ key, meaning }) => (
          <div key={key}><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div>
        ))}
      </dl>
    </section>
  );
}

function Words() {
  return (
    <section aria-labelledby="help-words">
      <h3 id="help-words">Words</h3>
      <dl class="help-words">
        {words.map(([word, meaning]) => (
          <div key={word}><dt>{word}</dt><dd>{meaning}</dd></div>
        ))}
      </dl>
    </section>
  );
}

// What the service says of itself; nothing if it cannot be read.
function useService() {
  const text = useSignal("");
  useEffect(() => {
    fetch("health").then((response) => response.json()).then((health) => {
      const { version, store, problems } = health as Health;
      text.value = `lunar.service ${version}. Its state is ${
        store.kept ? "kept on disk." : "in memory only, and gone after a restart."} ${
        problems.length === 0 ? "It has no problems." : `Problems: ${problems.join("; ")}.`}`;
    }).catch(() => { text.value = "The service does not answer."; });
  }, [text]);
  return text;
}

// Where the page may be read without a login, a link may need one: the metrics.
function LoginHint() {
  const now = session.value;
  if (now === null || !now.tokens || now.name !== null || loginReason.value !== null) {
    return null;
  }
  const logIn = () => {
    helpIsOpen.value = false;
    askForLogin();
  };
  return (
    <p class="note">
      You have not logged in; without it you may: {now.scopes.join(", ")}.{" "}
      <button type="button" class="link-button" onClick={logIn}>Log in</button>
    </p>
  );
}

function Links() {
  const service = useService();
  return (
    <section aria-labelledby="help-links">
      <h3 id="help-links">API and licences</h3>
      <p class="row">
        <a href="swagger">Swagger UI</a>
        <a href="openapi.yaml">openapi.yaml</a>
        <a href="health">health</a>
        <a href="metrics">metrics</a>
        <a href="dashboard/licenses.txt">Licences of this page</a>
      </p>
      <LoginHint />
      <p class="note help-service">{service}</p>
    </section>
  );
}

function HelpDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} class="dialog help" closedby="any" aria-labelledby="help-title"
      onClose={() => { helpIsOpen.value = false; }}>
      <div class="dialog-head">
        <h2 id="help-title">Help and settings</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={close}>
          <Close />
        </button>
      </div>
      <div class="dialog-body help-body">
        <Settings />
        <Keys />
        <Words />
        <Links />
      </div>
    </dialog>
  );
}

export function Help() {
  return helpIsOpen.value ? <HelpDialog /> : null;
}
