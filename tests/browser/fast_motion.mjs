// SPDX-License-Identifier: Apache-2.0
//
// A service that is in fast motion: a server that passes requests on to the real
// one, but answers /events itself, with what an hour brings, as fast as the page
// takes it. It stops for a while where it is told to.
import { once } from "node:events";
import { createServer, request as send } from "node:http";

const interval = 400; // ms between the events of the page's rows
const launches = 4; // a second
const explosionPeriod = 10; // seconds

// Start it in front of the service at `origin`. run(seconds) lets so many seconds
// pass, all of which the page's stream has then been given.
export async function fastMotion(origin) {
  const fleet = await (await fetch(`${origin}/fleet`)).json();
  const rockets = await (await fetch(`${origin}/rockets`)).json();
  const hour = new Hour(fleet, rockets);
  let stream = null;
  const server = createServer((request, response) => {
    const url = new URL(request.url, origin);
    if (url.pathname === "/events") {
      stream = openStream(hour, url, response);
    } else {
      pass(request, response, url);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    hour,
    run: async (seconds) => {
      for (let second = 0; second < seconds; second++) {
        if (!stream.response.write(hour.pass(stream.ids))) {
          await once(stream.response, "drain");
        }
      }
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function openStream(hour, url, response) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(hour.hello());
  return { ids: url.searchParams.getAll("id"), response };
}

function pass(request, response, url) {
  const onward = send(url, { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}

// The events of an hour, a second at a time: all rows of the page change at each
// interval, rockets launch, and now and then one explodes.
class Hour {
  #second = 0;
  #due = 0; // when the next event of the rows is, in ms
  #launched = 0;
  #fleet;
  #states;
  #revision;

  constructor(fleet, rockets) {
    this.#fleet = fleet;
    this.#states = new Map(rockets.map((rocket) => [rocket.id, rocket]));
    this.#revision = fleet.revision;
  }

  // What the page shows of the last second.
  get total() {
    return this.#fleet.rockets.total;
  }

  get newest() {
    return `launch-${this.#launched}`;
  }

  stateOf(id) {
    return this.#states.get(id);
  }

  hello() {
    const { start } = this.#fleet;
    return event("hello", { start, revision: this.#revision, interval }, this.#id());
  }

  pass(ids) {
    const second = ++this.#second;
    const parts = [];
    for (; this.#due < second * 1000; this.#due += interval) {
      parts.push(event("rockets", ids.map((id) => this.#faster(id)), this.#id()));
    }
    const launched = Array.from({ length: launches }, () => this.#launch());
    parts.push(event("launched", { rockets: launched, more: 0 }, this.#id()));
    const explodes = second % explosionPeriod === 0;
    if (explodes) {
      const rocket = {
        ...this.#some(), id: `explosion-${second}`, status: "exploded", reason: "HEAT",
      };
      parts.push(event("exploded", { rockets: [rocket], more: 0 }, this.#id()));
    }
    parts.push(event("summary", this.#count(explodes)));
    return parts.join("");
  }

  #id() {
    return `${this.#fleet.start}-${this.#revision}`;
  }

  #launch() {
    this.#launched++;
    return { ...this.#some(), id: this.newest, lastMessageNumber: 1 };
  }

  #some() {
    const [rocket] = this.#states.values();
    return { ...rocket, updatedAt: this.#time(), revision: ++this.#revision };
  }

  #time() {
    return new Date(Date.UTC(2026, 0, 1) + this.#second * 1000).toISOString();
  }

  #faster(id) {
    const old = this.#states.get(id);
    const rocket = {
      ...old, speed: old.speed + this.#second % 1000, updatedAt: this.#time(),
      lastMessageNumber: old.lastMessageNumber + 1, revision: ++this.#revision,
    };
    this.#states.set(id, rocket);
    return rocket;
  }

  #count(explodes) {
    const { rockets, messages, ...others } = this.#fleet;
    this.#fleet = {
      ...others,
      revision: this.#revision,
      rockets: {
        ...rockets, total: rockets.total + launches,
        active: rockets.active + launches - (explodes ? 1 : 0),
        exploded: rockets.exploded + (explodes ? 1 : 0),
      },
      messages: { ...messages, applied: messages.applied + 100 },
    };
    const { types, missions, ...summary } = this.#fleet;
    return summary;
  }
}

function event(type, data, id) {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
