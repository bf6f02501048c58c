import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Line } from "../../service/web/call/line.js";
import { LocalMedia } from "../../service/web/call/media.js";
import "./bare_browser.mjs";
import { joinedSession, rejoin } from "./scripted_socket.mjs";

const live = (fields) => ({ callId: "c", state: "connected", moves: 0, generation: 0, ...fields });

let socket;
let session;

beforeEach(async () => {
  ({ socket, session } = await joinedSession());
});

afterEach(() => session.close());

function lineOf(known) {
  return new Line({ callId: "c", peer: { id: "bob", name: "Bob" }, ...known }, { session, ways: {} });
}

async function back(resumed, calls) {
  await socket.lose();
  await rejoin(socket, { resumed, calls });
}

const said = () => socket.sent.map(([event]) => event).filter((event) => event.startsWith("call:"));

/** Media that flow. */
function talking() {
  const call = { isClosed: false, resumed: [] };
  call.resume = (how) => call.resumed.push(how);
  call.close = () => (call.isClosed = true);
  return call;
}

for (const resumed of ["replayed", "snapshot", "none"]) {
  test(`${resumed}: what rang is answered when another device has accepted it meanwhile`, async () => {
    const line = lineOf({ state: "incoming", role: "callee" });
    await back(resumed, [live({ bound: "another", state: "connecting" })]);
    assert.deepEqual([line.state, line.reason, said()], ["ended", "answered_elsewhere", []]);
  });

  test(`${resumed}: a call that another device has taken meanwhile is left to it, unsaid`, async () => {
    const call = talking();
    const known = { state: "in-call", role: "caller", bound: true, accepted: true, startedAt: 1 };
    const line = lineOf({ ...known, call });
    await back(resumed, [live({ bound: "another", moves: 1, generation: 1 })]);
    assert.deepEqual([line.state, line.reason, said()], ["ended", "moved", []]);
    assert.deepEqual([call.isClosed, call.resumed], [true, []]);
  });
}

test("what still rings, rings on", async () => {
  const line = lineOf({ state: "incoming", role: "callee" });
  await back("snapshot", [live({ bound: "none", state: "ringing" })]);
  assert.equal(line.state, "incoming");
});

test("a call that this page has goes on", async () => {
  const call = talking();
  const line = lineOf({ state: "in-call", role: "caller", bound: true, accepted: true, call });
  await back("snapshot", [live({ bound: "this" })]);
  assert.deepEqual([line.state, call.resumed.length], ["in-call", 1]);
});

test("a call that is to be taken is at another device until the answer comes", async () => {
  const line = lineOf({ state: "connecting-call", role: "caller", accepted: true });
  await back("snapshot", [live({ bound: "another" })]);
  assert.equal(line.state, "connecting-call");
});

/** A line whose media find no path. */
function searching() {
  const known = { state: "connecting-call", role: "callee", bound: true, accepted: true };
  const line = lineOf({ ...known, media: new LocalMedia() });
  line.startMedia({ ice: {} });
  return line;
}

const over = (line, detail) => line.call.dispatchEvent(new CustomEvent("over", { detail }));

const SAID = { media_failed: "media_failed", connection_lost: "connection_lost", peer_left: undefined };

for (const [why, reason] of Object.entries(SAID)) {
  test(`a call is ended at the service when it is over by ${why}`, async () => {
    const line = searching();
    over(line, why);
    assert.equal(line.reason, why);
    const [, payload] = await socket.until(2);
    assert.deepEqual([said(), payload.reason], [["call:end"], reason]);
  });
}

test("but what is given up while the page is away may be at another device by then", async () => {
  const line = searching();
  await socket.lose();
  over(line, "connection_lost");
  await rejoin(socket, { resumed: "replayed", calls: [live({ bound: "another" })] });
  session.request("auth:refresh", {}).catch(() => {});
  while (socket.sent.at(-1)[0] !== "auth:refresh") await socket.until(socket.sent.length + 1);
  assert.deepEqual([line.reason, said()], ["connection_lost", []]);
});
