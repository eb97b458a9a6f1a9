// SPDX-License-Identifier: Apache-2.0
import { connection } from "../state/connection.js";

export function ConnectionState() {
  return <p class="connection" role="status">{connection.value.state}</p>;
}
