// SPDX-License-Identifier: Apache-2.0
//
// The start. The script is in the head and blocks, so the theme is set before
// the browser shows anything; the rest waits for the body.
import "./style/tokens.css";
import { render } from "preact";
import { startSession } from "./state/session.js";
import { App } from "./ui/app.js";
import { takeLoginAddress } from "./ui/login_address.js";
import { followKeys } from "./ui/shortcuts.js";
import { followTheme } from "./ui/theme.js";
import { followTitle } from "./ui/title.js";

function start(): void {
  followTitle();
  followKeys();
  render(<App />, document.body);
  document.querySelector(".not-started")?.remove(); // of index.html
}

followTheme();
takeLoginAddress();
startSession(); // what is read first need not wait for the body
if (document.readyState === "loading") {
  addEventListener("DOMContentLoaded", start);
} else {
  start();
}
