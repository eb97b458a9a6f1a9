// SPDX-License-Identifier: Apache-2.0
//
// The start of the page.
import "./style/tokens.css";
import { render } from "preact";
import { startSession } from "./state/session.js";
import { App } from "./ui/app.js";

startSession();
render(<App />, document.body);
