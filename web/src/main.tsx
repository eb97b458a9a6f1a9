// SPDX-License-Identifier: Apache-2.0
//
// The start of the page.
import "./style/tokens.css";
import { render } from "preact";
import { App } from "./ui/app.js";

render(<App />, document.body);
