import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Signalling } from "../../service/web/call/signalling.js";
import { joinedSession, rejoin } from "./scripted_socket.mjs";

let socket;
let session;
let signalling;
let told;

beforeEach(async () => {
  ({ socket, session } = await joinedSession());
  told = [];
  signalling = new Signalling(session, {
    ...{ callId: "c", generation: 2 },
    changed: () => told.push(signalling.company),
    gone: () => told.push("gone"),
  });
});

afterEach(() => session.close());

test("what is relayed names the call and its generation", async () => {
  const before = socket.sent.length;
  signalling.relay("call:signal", { data: 1 });
  signalling.generation = 3;
  signalling.relay("call:signal", { data: 2 });
  await socket.until(before + 2);
  const sent = socket.sent.slice(before).map(([, { callId, generation, data }]) => [callId, generation, data]);
  assert.deepEqual(sent, [["c", 2, 1], ["c", 3, 2]]);
});

test("only what is of the call is heard, and nothing once it is closed", () => {
  const heard = [];
  signalling.on("call:signal", ({ data }) => heard.push(data));
  socket.onevent("call:signal", { callId: "other", data: 1 });
  socket.onevent("call:signal", { callId: "c", data: 2 });
  signalling.close();
  socket.onevent("call:signal", { callId: "c", data: 3 });
  assert.deepEqual(heard, [2]);
});

test("it knows who is there", async () => {
  assert.equal(signalling.company, "both");
  socket.onevent("call:peer-reconnecting", { callId: "c", seq: 1 });
  await socket.lose();
  await rejoin(socket, { resumed: "replayed" });
  signalling.resume();
  socket.onevent("call:peer-reconnected", { callId: "c", seq: 2 });
  signalling.orphan();
  assert.deepEqual(told, ["no peer", "no service", "no peer", "both", "nobody"]);
});

test("what is told at once is lost while it reconnects", async () => {
  await socket.lose();
  await rejoin(socket, { resumed: "replayed" });
  const before = socket.sent.length;
  signalling.emit("call:media", { state: "connected" });
  assert.equal(socket.sent.length, before);
  signalling.resume();
  signalling.emit("call:media", { state: "connected" });
  assert.deepEqual(socket.sent.at(-1), ["call:media", { state: "connected", callId: "c" }]);
});

test("a refusal tells that the call is gone", async () => {
  const before = socket.sent.length;
  const said = signalling.relay("call:signal", { data: 1 });
  await socket.until(before + 1);
  await socket.refuse({ code: "call_ended", message: "It has ended." });
  await said;
  assert.deepEqual(told, ["gone"]);
});

test("nothing more is said in a call that the service has lost", () => {
  const before = socket.sent.length;
  signalling.orphan();
  signalling.relay("call:signal", { data: 1 });
  assert.equal(socket.sent.length, before);
});
