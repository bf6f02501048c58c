import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Phone } from "../../service/web/call/phone.js";
import { refuseDevices } from "./bare_browser.mjs";
import { joinedSession, rejoin } from "./scripted_socket.mjs";

const live = (fields) => {
  const call = { callId: "c", from: "alice", to: "bob", callType: "audio", state: "connected" };
  return { ...call, moves: 0, generation: 0, ...fields };
};

let socket;
let session;
let phone;

beforeEach(async () => {
  ({ socket, session } = await joinedSession());
  phone = new Phone(session, { me: "alice", refreshIce: async () => null });
  await back("replayed"); // the phone was made too late for the first join
});

afterEach(() => session.close());

async function back(resumed, ...calls) {
  await socket.lose();
  await rejoin(socket, { resumed, calls });
}

/** What was said of calls, when all of it has been sent. */
async function said() {
  const isLast = ([event]) => event === "auth:refresh";
  session.request("auth:refresh", {}).catch(() => {});
  while (!socket.sent.some(isLast)) await socket.until(socket.sent.length + 1);
  return socket.sent.filter(([event]) => event.startsWith("call:"));
}

const events = (sent) => sent.map(([event]) => event);
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a call that was given up while the page was away ends when it is back", async () => {
  await back("replayed", live({ bound: "this" }));
  const [[event, { callId, reason }]] = await said();
  assert.deepEqual([event, callId, reason], ["call:end", "c", "connection_lost"]);
});

test("but not when another device has it by then", async () => {
  await back("replayed", live({ bound: "another" }));
  assert.deepEqual(await said(), []);
});

test("a call that is placed while the page is away goes on", async () => {
  const dialled = phone.dial({ id: "bob", name: "Bob" }, "audio");
  await refuseDevices();
  await back("replayed", live({ bound: "this", state: "ringing" }));
  assert.deepEqual(events(await said()), ["call:initiate", "call:initiate"]); // it is asked for again
  phone.hangUp();
  await socket.answer({ callId: "c" });
  await dialled;
});

test("a call is placed when the page is back as late as the service waits for it", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  phone.dial({ id: "bob", name: "Bob" }, "audio");
  await refuseDevices();
  await socket.lose();
  mock.timers.tick(30_000);
  mock.timers.reset();
  assert.equal(phone.line.state, "outgoing");
  phone.hangUp();
  await rejoin(socket, { resumed: "replayed", calls: [live({ bound: "this", state: "ringing" })] });
  await socket.answer({ callId: "c" });
  assert.deepEqual(events(await said()), ["call:initiate", "call:initiate", "call:end"]);
});

/** "Take the call here", while the person is asked for the microphone. */
async function taking() {
  socket.onevent("calls:changed", { calls: [live({ bound: "another" })], seq: 1 });
  phone.takeHere();
  await settled();
}

/** The same, when the service was asked for the call. */
async function takingAsked() {
  await taking();
  const before = socket.sent.length;
  await refuseDevices();
  await socket.until(before + 1);
}

test("who hangs up before a call was asked for leaves it where it is", async () => {
  await taking();
  phone.hangUp();
  await refuseDevices();
  assert.equal(phone.line.state, "ended");
  assert.deepEqual(await said(), []);
});

test("who hangs up while a call is on its way here ends it once it is here", async () => {
  await takingAsked();
  phone.hangUp();
  await socket.answer({ callId: "c", generation: 1 });
  assert.deepEqual(events(await said()), ["call:move", "call:end"]);
});

test("and leaves it where it is when it does not come", async () => {
  await takingAsked();
  phone.hangUp();
  await socket.refuse({ code: "already_answered", message: "It has moved." });
  assert.deepEqual(events(await said()), ["call:move"]);
});
