import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Elsewhere } from "../../service/web/call/elsewhere.js";
import { joinedSession, rejoin } from "./scripted_socket.mjs";

const live = (callId, fields) => ({ callId, state: "connected", bound: "another", moves: 0, ...fields });

let socket;
let elsewhere;
let changes;

beforeEach(async () => {
  const made = await joinedSession();
  socket = made.socket;
  changes = 0;
  elsewhere = new Elsewhere(made.session, () => (changes += 1));
});

test("a call at another device is known from the join, and from what changes", async () => {
  await socket.lose();
  await rejoin(socket, { resumed: "replayed", calls: [live("here", { bound: "this" }), live("c")] });
  assert.equal(elsewhere.live.callId, "c");
  socket.onevent("calls:changed", { calls: [live("c", { moves: 1 })], seq: 1 });
  assert.equal(elsewhere.live.moves, 1);
  socket.onevent("calls:changed", { calls: [], seq: 2 });
  assert.deepEqual([elsewhere.live, changes], [null, 3]);
});

test("one that was brought here is there no more, though another may be", () => {
  socket.onevent("calls:changed", { calls: [live("c"), live("d")], seq: 1 });
  socket.onevent("call:moved", { callId: "c", by: "alice", generation: 1, seq: 2 });
  assert.equal(elsewhere.live.callId, "d");
  socket.onevent("call:moved", { callId: "d", by: "alice", generation: 1, seq: 3 });
  assert.equal(elsewhere.live, null);
});
