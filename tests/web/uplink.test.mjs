import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Uplink } from "../../service/web/session/uplink.js";
import { ScriptedSocket } from "./scripted_socket.mjs";

let socket;
let uplink;

beforeEach(() => {
  socket = new ScriptedSocket();
  uplink = new Uplink(socket);
  uplink.restart("e1");
  uplink.open();
});

afterEach(() => uplink.giveUp());

const numbers = () => socket.sent.map(([, { n }]) => n);
const names = () => socket.sent.map(([event]) => event);
const relay = (data, how) => kept(uplink.relay("call:signal", { callId: "c", data }, how));
const control = (event, how = {}) =>
  kept(uplink.control(event, { callId: "c" }, { within: 60_000, ...how }));

/** A promise that may fail when its test is over. */
function kept(promise) {
  promise.catch(() => {});
  return promise;
}

const refusal = (code) => ({ code, message: code });

test("nothing is sent before it is opened", async () => {
  uplink = new Uplink(socket);
  relay(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(socket.sent, []);
  uplink.open();
  await socket.until(1);
});

test("relays have an epoch and numbers from 1 on", async () => {
  relay(1);
  relay(2);
  await socket.until(2);
  assert.deepEqual(socket.sent.map(([, { epoch, n, data }]) => [epoch, n, data]), [["e1", 1, 1], ["e1", 2, 2]]);
});

test("without an epoch they have none", async () => {
  uplink.restart(null);
  relay(1);
  const [, payload] = await socket.until(1);
  assert.deepEqual(payload, { callId: "c", data: 1 });
});

test("a control event keeps its requestId when it is sent again", async () => {
  const promised = control("call:accept");
  await socket.until(1);
  await socket.lose();
  uplink.close();
  socket.connected = true;
  uplink.resume(0);
  uplink.open();
  await socket.until(2);
  assert.equal(socket.sent[0][1].requestId, socket.sent[1][1].requestId);
  await socket.answer({ by: "bob" });
  assert.deepEqual(await promised, { by: "bob" });
});

test("what is unconfirmed is sent again in the order said, with its numbers", async () => {
  const confirmed = relay(1);
  const accepted = control("call:accept");
  relay(2);
  await socket.until(3);
  await socket.lose();
  uplink.close();
  relay(3);
  socket.connected = true;
  uplink.resume(1);
  uplink.open();
  await socket.until(6);
  assert.deepEqual(names().slice(3), ["call:accept", "call:signal", "call:signal"]);
  assert.deepEqual(numbers().slice(4), [2, 3]);
  await confirmed;
  await socket.answer({ by: "bob" });
  assert.deepEqual(await accepted, { by: "bob" });
});

test("it is sent at most 50 times a second", async () => {
  uplink.close();
  for (let i = 0; i < 20; i += 1) relay(i);
  const began = performance.now();
  uplink.open();
  await socket.until(20);
  assert.ok(performance.now() - began >= 19 * 19);
});

test("a new epoch makes the relays void, and not the control events", async () => {
  const lost = relay(1);
  control("call:end");
  await socket.until(2);
  uplink.restart("e2");
  await assert.rejects(lost, { code: "session_lost" });
  relay(2);
  await socket.until(4);
  assert.deepEqual(names().slice(2), ["call:end", "call:signal"]);
  assert.deepEqual([socket.sent[3][1].epoch, socket.sent[3][1].n], ["e2", 1]);
});

test("a session that is gone takes everything with it", async () => {
  const both = [relay(1), control("call:end")];
  await socket.until(2);
  uplink.giveUp();
  for (const one of both) await assert.rejects(one, { code: "session_lost" });
  uplink.restart("e2");
  relay(2);
  await socket.until(3);
  assert.deepEqual(names().slice(2), ["call:signal"]);
});

test("a refused relay has used its number up", async () => {
  const refused = relay(1);
  await socket.until(1);
  const told = assert.rejects(refused, { code: "call_ended" });
  await socket.refuse(refusal("call_ended"));
  await told;
  relay(2);
  await socket.until(2);
  assert.deepEqual(numbers(), [1, 2]);
});

test("one that was too many has not, and nor have those behind it", async () => {
  relay("a");
  relay("b");
  await socket.until(2);
  await socket.refuse({ ...refusal("rate_limited"), retryable: true, retryAfterMs: 30 });
  await socket.refuse({ ...refusal("invalid_state"), lastN: 0 });
  await socket.until(4);
  assert.deepEqual(socket.sent.slice(2).map(([, { n, data }]) => [n, data]), [[1, "a"], [2, "b"]]);
});

test("what yields comes last when there was too much", async () => {
  relay("candidate", { yields: true });
  relay("offer");
  await socket.until(2);
  await socket.refuse({ ...refusal("rate_limited"), retryable: true, retryAfterMs: 30 });
  await socket.refuse({ ...refusal("invalid_state"), lastN: 0 });
  await socket.until(4);
  assert.deepEqual(socket.sent.slice(2).map(([, { n, data }]) => [n, data]), [[1, "offer"], [2, "candidate"]]);
});

test("what the service says it has is the number that the next one follows", async () => {
  relay(1);
  await socket.until(1);
  await socket.refuse({ ...refusal("invalid_state"), lastN: 6 });
  await socket.until(2);
  assert.deepEqual(numbers(), [1, 7]);
});

test("only who insists hears nothing of a refusal that passes", async () => {
  const asked = control("call:initiate");
  const said = control("call:end", { insist: true });
  await socket.until(2);
  const told = assert.rejects(asked, { code: "store_unavailable" });
  for (let i = 0; i < 2; i += 1) {
    await socket.refuse({ ...refusal("store_unavailable"), retryable: true, retryAfterMs: 10 });
  }
  await told;
  await socket.until(3);
  assert.equal(names()[2], "call:end");
  await socket.answer();
  await said;
});

test("a control event has a deadline, sent or not", async () => {
  const sent = control("call:accept", { within: 30 });
  await socket.until(1);
  await assert.rejects(sent, { code: "timeout" });
  uplink.close();
  await assert.rejects(control("call:accept", { within: 30 }), { code: "offline" });
});

test("a connection on which a relay gets no answer is dropped", async () => {
  relay(1);
  await socket.until(1);
  await socket.refuse(refusal("timeout"));
  assert.equal(socket.retries, 1);
});

test("more than 1,024 are refused", async () => {
  uplink.close();
  for (let i = 0; i < 1_024; i += 1) relay(i);
  await assert.rejects(relay("one more"), { code: "overflow" });
});
