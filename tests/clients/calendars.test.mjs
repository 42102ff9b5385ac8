// Other people's libraries read the calendars of a person and a team: Python's icalendar, and Thunderbird's ical.js.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import ICAL from "ical.js";

import { SHOP, noPython, python, shop } from "./shop.mjs";

const DAY_MS = 86_400_000;
// The feed has 60 days of the past and 180 to come; there is a change of the clocks in it on any day of the year.
const WEEKS = 32;
// Everything that means something in the format, and lines that must be folded inside of it.
const NAME = "night; day, \\n: END:VEVENT BEGIN:VALARM „Größe“ ☎ 夜間当番";

const CATALOG = `${SHOP}---
apiVersion: mainstay.dev/v1alpha1
kind: Rotation
metadata: { name: desk }
spec: { team: web, people: [ada, lee], schedule: ${JSON.stringify(NAME)}, time_zone: Europe/Lisbon, handover: "monday 09:00", length: "1 week", starts: 2026-01-05 }
---
apiVersion: mainstay.dev/v1alpha1
kind: Rotation
metadata: { name: weekends }
spec: { team: web, people: [lee, ada], schedule: ${JSON.stringify(NAME)}, layer: 1, time_zone: Europe/Lisbon, handover: "saturday 09:00", length: "1 week", starts: 2026-01-03, restrict: [{ days: [saturday, sunday] }] }
`;

let server, ada;

/** What the team's screen links for somebody who is signed in. */
async function linked(name) {
  const password = "a password of the tests only";
  await server.ask("POST", "/api/v1/users", { name, password, person: `user:${name}` });
  const form = new URLSearchParams({ name, password, next: "/" });
  const signedIn = await fetch(`${server.url}/login`, { method: "POST", body: form, redirect: "manual", headers: { origin: server.url } });
  assert.equal(signedIn.status, 303, await signedIn.text());
  const cookie = signedIn.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
  const screen = await (await fetch(`${server.url}/on-call/default/web`, { headers: { cookie, accept: "text/html" } })).text();
  const links = Object.fromEntries([...screen.matchAll(/href="([^"]*\/ical\/[^"]+\.ics)">([^<]*)</g)].map(([, href, label]) => [label, href]));
  const shifts = [links["The team’s shifts"], links["My shifts, in all teams"]];
  assert.ok(shifts.every(Boolean), screen);
  return shifts;
}

before(async () => {
  server = await shop({ catalog: CATALOG });
  ada = await linked("ada");
});
after(async () => { await server?.stop(); });

async function feed(address) {
  // As a calendar program asks: without a token.
  const answer = await fetch(address);
  assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "text/calendar; charset=utf-8"]);
  return answer.text();
}

const from = () => new Date(Math.floor((Date.now() - 50 * DAY_MS) / 1000) * 1000);

/** The final schedule, as the API has it: whole shifts only, of one person or of all. */
async function shifts(person) {
  const { duties } = await server.get(`/api/v1/on-call/schedule?team=web&from=${from().toISOString()}&weeks=${WEEKS}`);
  const end = from().getTime() + WEEKS * 7 * DAY_MS;
  const all = duties.flatMap((duty) => duty.shifts).map((shift) => [Date.parse(shift.from), Date.parse(shift.to), shift.person.split("/")[1]]);
  return all.filter(([begin, until, who]) => begin > from() && until < end && (!person || who === person)).sort((a, b) => a[0] - b[0]);
}

const within = (events) => {
  const end = from().getTime() + WEEKS * 7 * DAY_MS;
  return events.filter(({ from: begin, to }) => begin * 1000 > from() && to * 1000 < end);
};
const spans = (events) => within(events).map((event) => [event.from * 1000, event.to * 1000]);

test("icalendar reads the team's shifts as the API has them, at nine by the wall clock in summer and winter", { skip: noPython }, async () => {
  const [read] = await python("calendars", [await feed(ada[0])]);
  assert.deepEqual([read.calendars, read.missing, read.errors, read.parts], [1, [], [], ["VCALENDAR", "VEVENT"]]);
  const expected = await shifts();
  assert.ok(expected.length > 40, `${expected.length} shifts`);
  assert.deepEqual(spans(read.events), expected.map(([begin, until]) => [begin, until]));
  assert.deepEqual(within(read.events).map(({ summary }) => summary), expected.map(([, , who]) => `${who} on call: ${NAME}`), "what a name has in it stays text");
  for (const { missing, unknown, zone } of read.events) assert.deepEqual([missing, unknown, zone], [[], [], "UTC"]);
  const mondays = within(read.events).filter(({ from: begin, local }) => new Date(begin * 1000).getUTCDay() === 1 && !local.startsWith("00:00"));
  assert.deepEqual([...new Set(mondays.map(({ local }) => local))].sort(), ["09:00+0000", "09:00+0100"], "over a change of the clocks");
});

test("icalendar reads a person's shifts, and no other's", { skip: noPython }, async () => {
  const [read] = await python("calendars", [await feed(ada[1])]);
  const expected = await shifts("ada");
  assert.ok(expected.length > 20, `${expected.length} shifts`);
  assert.deepEqual(spans(read.events), expected.map(([begin, until]) => [begin, until]));
});

test("a shift keeps its name, and what changes is told apart", { skip: noPython }, async () => {
  const [first, again] = await python("calendars", [await feed(ada[0]), await feed(ada[0])]);
  const named = (read) => read.events.map(({ uid, from: begin, to }) => [uid, begin, to]);
  assert.deepEqual(named(again), named(first));
  assert.equal(new Set(first.events.map(({ uid }) => uid)).size, first.events.length, "no two have the same name");

  const shift = first.events.find(({ from: begin, summary }) => begin * 1000 > Date.now() + 14 * DAY_MS && summary.startsWith("ada"));
  const cut = new Date((shift.to - 3_600) * 1000);
  await server.ask("POST", "/api/v1/on-call/overrides", { rotation: "desk", person: "lee", from: cut.toISOString(), to: new Date(shift.to * 1000).toISOString() });
  const [changed] = await python("calendars", [await feed(ada[0])]);
  const now = changed.events.find(({ uid }) => uid === shift.uid);
  assert.equal(now.to * 1000, cut.getTime(), "the shift that was cut is the same one, and shorter");
  assert.ok(now.stamp >= shift.stamp, "RFC 5546, 2.1.5: of two with one sequence, the later stamp holds");
  const put = changed.events.find(({ from: begin }) => begin * 1000 === cut.getTime());
  assert.match(put.description, /lee is on call for web by desk, instead of ada/);
  const rest = (read) => named(read).filter(([uid]) => uid !== shift.uid && uid !== put.uid).map(([uid]) => uid);
  assert.deepEqual(rest(changed), rest(first), "no other shift has another name");
});

test("ical.js reads the same", async () => {
  const text = await feed(ada[0]);
  assert.ok(!/(^|[^\r])\n/.test(text) && text.split("\r\n").every((line) => Buffer.byteLength(line) <= 75), "RFC 5545, 3.1");
  const calendar = new ICAL.Component(ICAL.parse(text));
  const events = calendar.getAllSubcomponents().map((component) => {
    assert.equal(component.name, "vevent");
    const event = new ICAL.Event(component);
    return { uid: event.uid, from: event.startDate.toUnixTime(), to: event.endDate.toUnixTime(), summary: event.summary };
  });
  const expected = await shifts();
  assert.ok(expected.length > 40, `${expected.length} shifts`);
  assert.deepEqual(spans(events), expected.map(([begin, until]) => [begin, until]));
  assert.ok(events.every(({ summary }) => summary.endsWith(`on call: ${NAME}`)));
});

test("an address that was changed leads nowhere", async () => {
  for (const address of [ada[0].replace("/ical/", "/ical/x"), ada[0].replace(/.\.ics$/, "_.ics"), ada[1].replace(/\.[^.]+\.ics$/, `.${/\.([^.]+)\.ics$/.exec(ada[0])[1]}.ics`)]) {
    assert.equal((await fetch(address)).status, 404, address);
  }
});
