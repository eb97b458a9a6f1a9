// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import "./style/tokens.css";
import { App } from "./ui/app.js";

render(<App />, document.body);
