// A mail server by aiosmtpd is handed pages, and Python's own library for mail reads them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { until } from "./flags.mjs";
import { SHOP, clerk, noPython, receiver, running, shop } from "./shop.mjs";

const skip = noPython || (spawnSync("openssl", ["version"]).error ? "openssl not found: install it" : false);

// At most one mail a minute goes to one person, so that each test pages somebody else. The second is waited for in conformance.
const hurried = process.env.MAINSTAY_PATIENT ? false : "takes a minute: cargo xtask conformance waits for it";
const CLERKS = ["bea", "cid", "dot", "eve", "fay", "gil"];
const CATALOG = [SHOP, ...CLERKS.map(clerk)].join("");
const FROM = "Mainstay <mainstay@shop.example>";

let folder, plain, secure, server, safe, wary, contact;

/** A certificate of its own for this machine's address. */
function certificate(name) {
  const [file, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const made = spawnSync("openssl", [
    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", file,
    "-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  return { file, key };
}

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "mainstay-mail-"));
  const { file, key } = certificate("mail");
  contact = await receiver();
  [plain, secure] = await Promise.all([running("mail_server", "plain"), running("mail_server", "tls", file, key, "pager", "p@ss word/1")]);
  const sends = (url, env = {}) => shop({ catalog: CATALOG, env: { MAINSTAY_SMTP_URL: url, MAINSTAY_MAIL_FROM: FROM, ...env } });
  const login = `smtp://pager:${encodeURIComponent("p@ss word/1")}@localhost:${secure.first.port}`;
  [server, safe, wary] = await Promise.all([
    sends(`smtp://127.0.0.1:${plain.first.port}?tls=none`),
    sends(login, { SSL_CERT_FILE: file }),
    // It knows the public authorities alone.
    sends(login, { SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt" }),
  ]);
});
after(async () => {
  await Promise.all([server, safe, wary, plain, secure, contact].map((running) => running?.stop()));
  if (folder) await rm(folder, { recursive: true, force: true });
});

const to = (mailbox, name) => mailbox.said().filter((mail) => mail.to?.includes(`${name}@shop.example`));
const header = (mail, name) => mail.headers.filter(([of]) => of.toLowerCase() === name).map(([, value]) => value);

/** The newest mail to somebody, once there are so many. */
const mailTo = (mailbox, name, count = 1) => until(`${count} mails to ${name}`, () => to(mailbox, name)[count - 1]);

/** What any mail of ours is like. */
function sound(mail) {
  assert.deepEqual(mail.defects, [], "Python's parser finds nothing wrong");
  assert.ok(mail.longest <= 998 && mail.bare === 0, "RFC 5322, section 2.1.1, and RFC 5321, section 2.3.8");
  for (const name of ["from", "to", "subject", "date", "message-id", "references", "in-reply-to", "auto-submitted", "mime-version"]) {
    assert.equal(header(mail, name).length, 1, `${name}: ${JSON.stringify(mail.headers)}`);
  }
  assert.match(header(mail, "message-id")[0], /^<[^<>@\s]+@shop\.example>$/);
  assert.deepEqual(header(mail, "from"), [FROM]);
  assert.ok(Math.abs(mail.date - Date.now() / 1000) < 120, "the date is now");
  assert.equal(mail.type, "multipart/alternative");
  assert.deepEqual(Object.keys(mail.parts).sort(), ["multipart/alternative", "text/html", "text/plain"].slice(1));
  return mail;
}

const stateOf = async (number) => (await server.get(`/api/v1/pages/${number}`)).state;

test("a page's mail is sound, whatever its title says, and its link answers by POST alone", { skip }, async () => {
  const title = "Zahlung “kaputt” ✗ für Łódź <script>alert(1)</script>";
  const number = await server.page(title, "component:desk-of-bea");
  const mail = sound(await mailTo(plain, "bea"));
  assert.equal(mail.subject, title);
  assert.equal(mail.encrypted, false);
  assert.ok(mail.parts["text/plain"].includes(title), mail.parts["text/plain"]);
  assert.ok(mail.parts["text/html"].includes("für Łódź &lt;script&gt;alert(1)") && !mail.parts["text/html"].includes("<script"), mail.parts["text/html"]);
  const link = /^Acknowledge: (\S+)$/m.exec(mail.parts["text/plain"])[1];
  assert.ok(mail.parts["text/html"].includes(`href="${link}"`), "both parts have the same link");
  assert.ok(link.startsWith(`${server.url}/ack/`), link);
  for (const method of ["GET", "HEAD", "GET"]) assert.equal((await fetch(link, { method })).status, 200, method);
  assert.equal(await stateOf(number), "open", "a scanner that follows the link answers nothing");
  assert.equal((await fetch(`${link}x`, { method: "POST" })).status, 403);
  assert.equal(await stateOf(number), "open");
  assert.equal((await fetch(link, { method: "POST" })).status, 200);
  assert.equal(await stateOf(number), "acknowledged");
  assert.match((await server.get(`/api/v1/pages/${number}`)).log.map(({ by, words }) => `${by.name} ${words}`).join("\n"), /bea.*acknowledged/i);
});

test("what an alert says becomes no header of a mail", { skip }, async () => {
  const key = await server.keyFor("hostile", "generic");
  const summary = "disk full\r\nBcc: everybody@shop.example\r\nContent-Type: text/html\r\n\r\n<b>pwned</b>";
  const body = { summary, severity: "critical", entity: "component:desk-of-cid", details: { note: "a\r\n.\r\nMAIL FROM:<x@y.example>" } };
  const answer = await fetch(`${server.url}/hooks/alerts`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.equal(answer.status, 202, await answer.text());
  const mail = sound(await mailTo(plain, "cid"));
  assert.deepEqual([mail.to, header(mail, "bcc")], [["cid@shop.example"], []]);
  assert.match(mail.subject, /disk full Bcc: everybody@shop\.example/);
  assert.ok(!mail.parts["text/html"].includes("<b>"), mail.parts["text/html"]);
});

test("what follows up on a page is in its thread, and is another mail", { skip: skip || hurried }, async () => {
  const number = await server.page("the till rings", "component:desk-of-dot");
  const first = sound(await mailTo(plain, "dot"));
  await server.ask("POST", `/api/v1/pages/${number}/acknowledge`, {});
  const next = sound(await until("the next mail", () => to(plain, "dot")[1], 90_000));
  assert.match(next.subject, /^Acknowledged by .*: the till rings$/);
  assert.deepEqual(header(next, "references"), header(first, "references"));
  assert.deepEqual(header(next, "in-reply-to"), header(first, "in-reply-to"));
  assert.notDeepEqual(header(next, "message-id"), header(first, "message-id"));
  assert.ok(!next.parts["text/plain"].includes("/ack/"), "there is nothing left to answer");
});

test("a mail server that is busy is asked again, with the same mail", { skip }, async () => {
  plain.tell({ codes: ["451 4.7.1 try again later", "250 OK"] });
  await until("it will be busy", () => plain.said().some(({ answers }) => answers?.length === 2));
  await server.page("the shelf is empty", "component:desk-of-eve");
  const again = sound(await mailTo(plain, "eve", 2));
  const [first] = to(plain, "eve");
  assert.deepEqual([first.answered.slice(0, 3), again.answered.slice(0, 3)], ["451", "250"]);
  assert.deepEqual(header(again, "message-id"), header(first, "message-id"));
});

test("a mail that is refused for good falls through to the next rule at once", { skip }, async () => {
  plain.tell({ codes: ["550 5.1.1 no such mailbox"] });
  await until("it will refuse", () => plain.said().some(({ answers }) => answers?.[0].startsWith("550")));
  await server.reach("fay", [["email", "fay@shop.example", 0], ["webhook", `${contact.url}/fay`, 60]]);
  const number = await server.page("the door is locked", "component:desk-of-fay");
  const call = await until("the webhook is called", () => contact.received.find(({ path }) => path === "/fay"));
  assert.equal(JSON.parse(call.text).data.subject, "the door is locked");
  plain.tell({ codes: ["250 OK"] });
  await until("it is well again", () => plain.said().at(-1).answers?.[0] === "250 OK");
  assert.equal(to(plain, "fay").length, 1, "a mail that is refused for good is not sent again");
  const log = (await server.get(`/api/v1/pages/${number}`)).log.map(({ words }) => words).join("\n");
  assert.match(log, /telling fay by email failed for good: .*no such mailbox/i);
});

// Elsewhere the system's own store says whom to trust, and no file does.
const storeOnly = process.platform === "linux" ? false : "whom to trust is said by SSL_CERT_FILE on Linux alone";

test("STARTTLS comes first, then the login, then the mail", { skip: skip || storeOnly }, async () => {
  await safe.page("the lamp is out", "component:desk-of-gil");
  const mail = sound(await mailTo(secure, "gil"));
  assert.deepEqual([mail.encrypted, mail.user, mail.subject], [true, "pager", "the lamp is out"]);
});

test("a mail server whose certificate nobody vouches for gets neither password nor mail", { skip }, async () => {
  await wary.reach("eve", [["email", "eve@shop.example", 0], ["webhook", `${contact.url}/eve`, 60]]);
  await wary.page("the lamp is out", "component:desk-of-eve");
  await until("the next rule is used", () => contact.received.find(({ path }) => path === "/eve"));
  assert.deepEqual(to(secure, "eve"), []);
});
