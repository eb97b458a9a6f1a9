// SPDX-License-Identifier: Apache-2.0
//
// The service behind a real nginx, with the very configuration of deploy/nginx.conf
// under a prefix, in a real Chromium; and behind other directives that people use.
// See support.mjs. nginx runs as any user, on free ports, in a temporary folder.
// tests/deploy tries what no browser sees.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import {
  isColumn, isLive, launched, open, openSoon, problemsOf, search,
} from "./dashboard.mjs";
import { account, enter, loginHeading, logOut, Tokens } from "./login.mjs";
import {
  execute, makeCertificate, patience, rocketId, startBrowser, startService, watch,
} from "./support.mjs";

const name = "rockets.example.org"; // as in deploy/nginx.conf
const message = (channel) => JSON.stringify({
  metadata: {
    channel,
    messageNumber: 1,
    messageTime: "2022-02-02T19:39:05Z",
    messageType: "RocketLaunched",
  },
  message: { type: "Paged", launchSpeed: 1, mission: "ARTEMIS" },
});

// Another program may get the port before nginx listens: see startProxy().
async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// The configuration of deploy/nginx.conf, with each of these texts, which must occur
// once, replaced.
function deployedServer(replacements) {
  let text = readFileSync(new URL("../../deploy/nginx.conf", import.meta.url), "utf8");
  for (const [from, to] of replacements) {
    assert.equal(text.split(from).length, 2, `${from} in ${text}`);
    text = text.replace(from, () => to);
  }
  return text;
}

// A second server without TLS: what Host becomes, by the path.
const plainServer = (port, service) => `
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://${service}; }
    location /default/ { proxy_pass http://${service}/; }
    location /host/ {
      proxy_pass http://${service}/;
      proxy_set_header Host $host;
    }
    location /http_host/ {
      proxy_pass http://${service}/;
      proxy_set_header Host $http_host;
    }
  }`;

// Null if nginx has ended, as it does if it cannot listen.
async function tryProxy(folder, service, { key, certificate }) {
  const [tlsPort, port, oldPort] = [await freePort(), await freePort(), await freePort()];
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${path.join(folder, kind)};`);
  const file = path.join(folder, "nginx.conf");
  writeFileSync(file, `
daemon off;
master_process off;
pid ${path.join(folder, "nginx.pid")};
error_log stderr;
events { }
http {
  access_log off;
  ${temporary.join("\n  ")}
  ${deployedServer([
    ["listen 80;", `listen 127.0.0.1:${oldPort};`],
    ["location / {", "location /lunar/ {"],
    ["proxy_pass http://lunar;", "proxy_pass http://lunar/;"],
    ["listen 443 ssl", `listen 127.0.0.1:${tlsPort} ssl`],
    ["/etc/ssl/certs/rockets.pem", certificate],
    ["/etc/ssl/private/rockets.key", key],
    ["127.0.0.1:8088", service],
  ])}
  ${plainServer(port, service)}
}
`);
  const child = spawn("nginx", ["-e", "stderr", "-p", folder, "-c", file], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const deadline = Date.now() + patience;
  while (!(await fetch(`http://127.0.0.1:${port}/health`).catch(() => null))) {
    if (child.exitCode !== null) {
      return null;
    }
    assert.ok(Date.now() < deadline, "nginx does not answer");
    await sleep(50);
  }
  return {
    child,
    secure: `https://${name}:${tlsPort}`,
    plain: `http://${name}:${port}`,
  };
}

async function startProxy(folder, service) {
  const files = makeCertificate(folder, name);
  let proxy = null;
  for (let tries = 0; proxy === null; tries++) {
    assert.ok(tries < 5, "nginx has exited");
    proxy = await tryProxy(folder, service, files);
  }
  return proxy;
}

// Begin a request for the path, as the host of the URL unless `fields` have
// another one. It is what a browser sends that does not know Sec-Fetch-Site.
function begin(url, method, fields) {
  const { protocol, host, port, pathname, search } = new URL(url);
  return (protocol === "https:" ? https : http).request({
    host: "127.0.0.1",
    port,
    servername: name,
    rejectUnauthorized: false,
    method,
    path: `${pathname}${search}`,
    headers: { Host: host, ...fields },
  });
}

async function finish(request, body) {
  request.end(body);
  const [response] = await once(request, "response");
  const chunks = await response.toArray();
  return {
    status: response.statusCode,
    body: JSON.parse(Buffer.concat(chunks)),
  };
}

function ask(url, method, fields, body) {
  return finish(begin(url, method, fields), body);
}

describe("the service behind nginx", () => {
  let folder, service, proxy, browser, page, problems;

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "lunar-proxy-"));
    service = await startService(`-allow-host=${name}`, "-trusted-proxy=127.0.0.1");
    proxy = await startProxy(folder, new URL(service.origin).host);
    browser = await startBrowser(
      `--host-resolver-rules=MAP ${name} 127.0.0.1`,
      "--ignore-certificate-errors",
    );
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    problems = await watch(page, proxy.secure);
  });

  after(async () => {
    await browser?.close();
    proxy?.child.kill("SIGKILL");
    service?.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("serves the Swagger UI under the prefix", async () => {
    const swagger = `${proxy.secure}/lunar/swagger`;
    for (const start of [
      "/lunar/swagger", "/lunar/swagger/", "/lunar/swagger/index.html",
      "/lunar/swagger-ui",
    ]) {
      await page.goto(`${proxy.secure}${start}`);
      assert.equal(page.url(), swagger);
      // The next page would cut off the request for the document.
      await page.locator("#operations-messages-postMessage").waitFor();
    }
    assert.equal(await page.locator(".errors-wrapper").count(), 0);
    const links = await page.locator("footer a").evaluateAll(
      (all) => Promise.all(all.map(async (link) =>
        [link.href, (await fetch(link.href)).status])));
    assert.deepEqual(links, [
      [`${proxy.secure}/lunar/openapi.yaml`, 200],
      [`${swagger}/licenses.txt`, 200],
    ]);
  });

  it("serves the dashboard under the prefix, live", async (t) => {
    if (service.dashboard === undefined) {
      t.skip("built without it");
      return;
    }
    await ask(`${proxy.secure}/lunar/messages`, "POST", {},
      JSON.stringify(launched("under-a-prefix")));
    for (const start of ["/lunar/", "/lunar"]) {
      const other = await open(browser, `${proxy.secure}${start}`);
      await isColumn(other, "id", ["under-a-prefix"]);
      await other.getByRole("link", { name: "under-a-prefix" }).click();
      assert.equal(other.url(), `${proxy.secure}/lunar/?rocket=under-a-prefix`);
      await other.reload();
      await other.getByRole("heading", { level: 1, name: "under-a-prefix" }).waitFor();
      await isLive(other);
      assert.deepEqual(problemsOf(other), []);
      await other.close();
    }
  });

  it("posts and reads from there", async () => {
    const posted = await execute(page, "messages", "postMessage");
    assert.equal(posted.status, 202);
    assert.equal(posted.content.result, "applied");
    const curl = page.locator("#operations-messages-postMessage .curl").first();
    assert.ok((await curl.innerText()).includes(
      `'${proxy.secure}/lunar/messages'`), await curl.innerText());
    const read = await execute(page, "rockets", "getRocket");
    assert.equal(read.status, 200);
    assert.equal(read.content.id, rocketId);
  });

  it("pages through a list by following Link", async () => {
    const ids = await page.evaluate(async (lines) => {
      await fetch("messages", {
        method: "POST",
        headers: { "Content-Type": "application/x-ndjson" },
        body: lines,
      });
      const found = [];
      let url = "rockets?limit=2&type=Paged";
      for (let pages = 0; url && pages < 10; pages++) {
        const response = await fetch(url);
        found.push(...(await response.json()).map((rocket) => rocket.id));
        const link = response.headers.get("Link");
        url = link && new URL(link.match(/<(.*?)>/)[1], response.url).href;
      }
      return found;
    }, ["a", "b", "c"].map((id) => message(id)).join("\n"));
    assert.deepEqual(ids, ["a", "b", "c"].sort());
  });

  it("causes no errors and no requests to other hosts", () => {
    assert.deepEqual(problems, []);
  });

  // More than nginx's default limit of 1 MiB; the first line is applied before
  // the others have been sent.
  it("takes long batches as they arrive", async () => {
    const request = begin(`${proxy.secure}/lunar/messages`, "POST", {
      "Content-Type": "application/x-ndjson",
    });
    request.write(`${message("first")}\n`);
    const deadline = Date.now() + patience;
    while (!(await fetch(`${service.origin}/rockets/first`)).ok) {
      assert.ok(Date.now() < deadline, "the first line is not applied");
      await sleep(50);
    }
    const { status, body } = await finish(
      request, `${message("last").padEnd(60000)}\n`.repeat(40));
    assert.equal(status, 202);
    assert.equal(body.applied, 2);
    assert.equal(body.duplicate, 39);
  });

  // Browsers send no Sec-Fetch-Site over plain http, so that Origin decides.
  it("posts from a page over plain http if Host is kept", async () => {
    const other = await browser.newPage();
    await other.goto(`${proxy.plain}/http_host/swagger`);
    const kept = await execute(other, "messages", "postMessage");
    assert.equal(kept.status, 202);
    await other.goto(`${proxy.plain}/host/swagger`);
    const lost = await execute(other, "messages", "postMessage");
    assert.equal(lost.status, 403);
    assert.match(lost.content.detail, /\$http_host/);
    assert.match(lost.content.detail, /-allow-origin/);
  });

  it("compares Host with Origin, by what nginx makes of it", async () => {
    for (const [url, status] of [
      [`${proxy.secure}/lunar`, 202],
      [`${proxy.plain}/http_host`, 202],
      [`${proxy.plain}/host`, 403], // the port is lost
      [`${proxy.plain}/default`, 403], // it is that of proxy_pass
    ]) {
      const target = `${url}/messages`;
      const fields = { Origin: new URL(url).origin };
      const page = await ask(target, "POST", fields, message("host"));
      assert.equal(page.status, status, url);
      const program = await ask(target, "POST", {}, message("host"));
      assert.equal(program.status, 202, url);
    }
  });

  it("refuses names that -allow-host does not list", async () => {
    for (const [url, status] of [
      [`${proxy.secure}/lunar`, 421],
      [`${proxy.plain}/http_host`, 421],
      [`${proxy.plain}/host`, 421],
      [`${proxy.plain}/default`, 200],
    ]) {
      const answer = await ask(`${url}/health`, "GET", { Host: "other.example" });
      assert.equal(answer.status, status, url);
      if (status === 421) {
        assert.match(answer.body.detail, /-allow-host=NAME/);
      }
    }
  });

  // By X-Accel-Buffering, as nothing in the configuration says so: otherwise
  // nginx would keep the first events until its buffers are full.
  it("passes events on as they come, and resumes them", async () => {
    const url = `${proxy.secure}/lunar/events?events=rockets`;
    const post = (channel) =>
      ask(`${proxy.secure}/lunar/messages`, "POST", {}, message(channel));
    let last;
    for (const [first, second] of [["live-1", "live-2"], ["live-3", "live-4"]]) {
      // The second time it has missed the first message.
      if (last) {
        await post(first);
      }
      const request = begin(url, "GET", {
        ...(last && { "Last-Event-ID": last }),
      });
      request.end();
      const [response] = await once(request, "response");
      assert.equal(response.statusCode, 200);
      assert.equal(response.headers["content-type"], "text/event-stream");
      response.setEncoding("utf8");
      let text = "";
      const receive = async (part) => {
        while (!text.includes(part) || !text.endsWith("\n\n")) {
          const [more] = await once(response, "data");
          text += more;
        }
      };
      await receive("event: hello");
      if (!last) {
        await post(first);
      }
      await receive(`"id":"${first}"`);
      await post(second);
      await receive(`"id":"${second}"`);
      assert.ok(!text.includes("event: reset"), text);
      last = text.match(/^id: (.*)$/gm).at(-1).slice("id: ".length);
      response.on("error", () => {});
      request.destroy();
    }
  });

  // nginx decodes the path if proxy_pass has one, and not if it has none.
  it("finds ids with a slash where there is no prefix", async () => {
    await ask(`${proxy.plain}/messages`, "POST", {}, message("a/b"));
    for (const [prefix, status] of [["", 200], ["/default", 404]]) {
      const url = `${proxy.plain}${prefix}/rockets/a%2Fb`;
      assert.equal((await ask(url, "GET")).status, status, url);
    }
  });
});

describe("a login through nginx", () => {
  let folder, service, proxy, browser, tokens;

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "lunar-proxy-"));
    tokens = new Tokens(folder, { alice: "read", all: "ingest,read,metrics,admin" });
    service = await startService(`-allow-host=${name}`, "-trusted-proxy=127.0.0.1",
      `-tokens=${tokens.file}`);
    proxy = await startProxy(folder, new URL(service.origin).host);
    browser = await startBrowser(
      `--host-resolver-rules=MAP ${name} 127.0.0.1`,
      "--ignore-certificate-errors",
    );
  });

  after(async () => {
    await browser?.close();
    proxy?.child.kill("SIGKILL");
    service?.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("is of the prefix, for https only, and lasts in the Swagger UI", async (t) => {
    if (service.dashboard === undefined) {
      t.skip("built without the dashboard");
      return;
    }
    const root = `${proxy.secure}/lunar/`;
    const page = await openSoon(browser, `${root}?sort=id`);
    await loginHeading(page).waitFor();
    await enter(page, tokens.of("all"));
    await isLive(page);
    assert.equal(search(page), "?sort=id");
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.name, cookie.path, cookie.secure, cookie.httpOnly],
      [`lunar-session-${new URL(proxy.secure).port}`, "/lunar", true, true]);

    await page.goto(`${root}swagger`);
    const posted = await execute(page, "messages", "postMessage");
    assert.equal(posted.status, 202);
    await page.goto(root);
    await isColumn(page, "id", [rocketId]);
    await logOut(page, "all");
    await loginHeading(page).waitFor();
    assert.deepEqual(await page.context().cookies(), []);

    await page.goto(`${root}swagger`);
    await page.locator("#session").getByRole("link", { name: "Log in" }).click();
    await loginHeading(page).waitFor();
    await enter(page, tokens.of("alice"));
    await page.waitForURL(`${root}swagger`);
    await page.goto(root);
    await account(page, "alice").waitFor();
  });
});
