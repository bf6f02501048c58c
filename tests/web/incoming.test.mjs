import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Incoming } from "../../service/web/call/incoming.js";
import { joinedSession, rejoin } from "./scripted_socket.mjs";

let socket;
let rung;

beforeEach(async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const made = await joinedSession();
  socket = made.socket;
  rung = [];
  new Incoming(made.session, ({ callId }) => rung.push(callId));
});

const tell = (event, callId, seq) => socket.onevent(event, { callId, seq });

async function replayed(...calls) {
  await socket.lose();
  await rejoin(socket, { resumed: "replayed", calls: calls.map((callId) => ({ callId })) });
}

test("a call rings", () => {
  tell("call:incoming", "new", 1);
  assert.deepEqual(rung, ["new"]);
});

test("of what is replayed, a call rings that is still there", async () => {
  await replayed("there");
  tell("call:incoming", "there", 1);
  assert.deepEqual(rung, ["there"]);
});

test("one whose end is replayed, too, does not", async ({ mock }) => {
  await replayed();
  tell("call:incoming", "past", 1);
  tell("call:ended", "past", 2);
  mock.timers.tick(10_000);
  assert.deepEqual(rung, []);
});

test("one that only begins then rings a moment later", async ({ mock }) => {
  await replayed();
  tell("call:incoming", "new", 1);
  tell("call:ended", "another", 2);
  assert.deepEqual(rung, []);
  mock.timers.tick(300);
  assert.deepEqual(rung, ["new"]);
});

test("and at once when the replay is over", async ({ mock }) => {
  await replayed();
  mock.timers.tick(2_000);
  tell("call:incoming", "new", 1);
  assert.deepEqual(rung, ["new"]);
});

test("after a snapshot there is no past", async () => {
  await socket.lose();
  await rejoin(socket, { resumed: "snapshot" });
  tell("call:incoming", "new", 1);
  assert.deepEqual(rung, ["new"]);
});
