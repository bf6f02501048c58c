import assert from "node:assert/strict";
import { test } from "node:test";

import { goingOn, incoming, isElsewhere, isMine } from "../../service/web/call/live.js";

const live = { callId: "c", from: "alice", to: "bob", callType: "video", moves: 0, generation: 0 };

test("a call that comes in is from its caller, by name where there is one", () => {
  const event = { callId: "c", from: "bob", callType: "audio", iceServers: [] };
  assert.deepEqual(incoming(event).peer, { id: "bob", name: "bob" });
  assert.deepEqual(incoming({ ...event, fromName: "Bob" }).peer, { id: "bob", name: "Bob" });
  assert.deepEqual(incoming(event).ice, { iceServers: [] });
});

test("a call that goes on is seen from either side", () => {
  const calling = goingOn({ ...live, state: "ringing", fromName: "Alice" }, "alice");
  assert.deepEqual([calling.role, calling.peer.id, calling.state], ["caller", "bob", "outgoing"]);
  assert.deepEqual([calling.accepted, calling.ringing], [false, true]);
  const called = goingOn({ ...live, state: "connected", fromName: "Alice" }, "bob");
  assert.deepEqual([called.role, called.peer.name, called.state], ["callee", "Alice", "connecting-call"]);
  assert.deepEqual([called.accepted, called.ringing], [true, false]);
});

test("a reloaded page was in the calls of its session, but not in one that still rings at it", () => {
  assert.ok(isMine({ ...live, bound: "this", state: "ringing" }, "alice"));
  assert.ok(isMine({ ...live, bound: "this", state: "connecting" }, "bob"));
  assert.ok(!isMine({ ...live, bound: "none", state: "ringing" }, "bob"));
  assert.ok(!isMine({ ...live, bound: "another", state: "connected" }, "alice"));
});

test("a call of another device can be moved once it is accepted", () => {
  assert.ok(isElsewhere({ ...live, bound: "another", state: "connecting" }));
  assert.ok(!isElsewhere({ ...live, bound: "another", state: "ringing" }));
  assert.ok(!isElsewhere({ ...live, bound: "this", state: "connected" }));
});
