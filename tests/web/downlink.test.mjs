import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Downlink } from "../../service/web/session/downlink.js";

let acks;
let downlink;

beforeEach(() => {
  acks = [];
  downlink = new Downlink(() => acks.push(downlink.lastSeq));
  downlink.begin("e1");
});

test("each event is new once", () => {
  assert.equal(downlink.take("call:offer", { seq: 1 }), "new");
  assert.equal(downlink.take("call:offer", { seq: 1 }), "old");
  assert.equal(downlink.take("call:offer", { seq: 2 }), "new");
});

test("a gap is seen, and nothing behind it is taken", () => {
  assert.equal(downlink.take("call:offer", { seq: 2 }), "gap");
  assert.equal(downlink.lastSeq, 0);
});

test("a new epoch begins at 1, the same one goes on", () => {
  downlink.take("call:offer", { seq: 1 });
  downlink.begin("e1");
  assert.equal(downlink.lastSeq, 1);
  downlink.begin("e2");
  assert.equal(downlink.take("call:offer", { seq: 1 }), "new");
});

test("what has no number is new each time", () => {
  assert.equal(downlink.take("error", { code: "internal" }), "new");
  downlink.begin(null);
  assert.equal(downlink.take("call:offer", { seq: 1 }), "new");
  assert.equal(downlink.take("call:offer", { seq: 1 }), "new");
});

test("a call is acknowledged at once, for it rings only then", () => {
  downlink.take("call:incoming", { seq: 1 });
  assert.deepEqual(acks, [1]);
});

test("other events are acknowledged every 32", () => {
  for (let seq = 1; seq <= 64; seq += 1) downlink.take("user:status", { seq });
  downlink.stop();
  assert.deepEqual(acks, [32, 64]);
});

test("or after 5 seconds", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  downlink.take("call:offer", { seq: 1 });
  context.mock.timers.tick(4_999);
  assert.deepEqual(acks, []);
  context.mock.timers.tick(1);
  assert.deepEqual(acks, [1]);
  context.mock.timers.tick(10_000);
  assert.deepEqual(acks, [1]);
});

test("a session that is not resumable acknowledges nothing", () => {
  downlink.begin(null);
  downlink.confirm();
  assert.deepEqual(acks, []);
});
