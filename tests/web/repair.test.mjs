import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Repair } from "../../service/web/call/repair.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** An RTCPeerConnection whose states are the test's. */
class Connection {
  connectionState = "connected";
  signalingState = "stable";
  dtls = { state: "connected" };
  restarts = 0;

  getReceivers() {
    return [{ transport: this.dtls }];
  }

  restartIce() {
    this.restarts += 1;
  }
}

let pc;
let ends;
let mock;

beforeEach((context) => {
  mock = context.mock;
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  pc = new Connection();
  ends = [];
});

function repair({ polite = false } = {}) {
  const over = (reason) => ends.push(reason);
  const made = new Repair(pc, { polite, windowMs: 30_000, refreshIce: async () => {}, over });
  made.look();
  return made;
}

async function pass(ms) {
  mock.timers.tick(ms);
  await settled();
}

function turn(to, made) {
  pc.connectionState = to;
  made.look();
}

test("a blip heals by itself", async () => {
  const made = repair();
  turn("disconnected", made);
  await pass(2_999);
  turn("connected", made);
  await pass(60_000);
  assert.equal(pc.restarts, 0);
});

test("after three seconds the caller restarts ICE, the callee only three seconds later", async () => {
  turn("disconnected", repair());
  await pass(3_000);
  assert.equal(pc.restarts, 1);
  pc = new Connection();
  turn("disconnected", repair({ polite: true }));
  await pass(5_999);
  assert.equal(pc.restarts, 0);
  await pass(1);
  assert.equal(pc.restarts, 1);
});

test("when three restarts have not helped, media have failed", async () => {
  turn("failed", repair());
  for (const ms of [0, 10_000, 10_000]) await pass(ms);
  assert.deepEqual([pc.restarts, ends], [3, []]);
  await pass(10_000);
  assert.deepEqual([pc.restarts, ends], [3, ["media_failed"]]);
});

test("nothing is restarted while a side is away, and the call lives through its window", async () => {
  const made = repair();
  made.company = "no peer";
  await pass(3_600_000); // media flow
  turn("disconnected", made);
  await pass(39_999);
  assert.deepEqual([pc.restarts, ends], [0, []]);
  await pass(1);
  assert.deepEqual([pc.restarts, ends], [0, ["connection_lost"]]);
});

test("a peer that has closed its end is waited for as long as a reload takes", async () => {
  const made = repair();
  pc.dtls.state = "closed";
  made.company = "no peer";
  await pass(5_000);
  turn("disconnected", made); // which ICE notices only then
  await pass(999);
  assert.deepEqual(ends, []);
  await pass(1);
  assert.deepEqual(ends, ["peer_left"]);
});

test("a peer that comes back in that time is not left", async () => {
  const made = repair();
  pc.dtls.state = "closed";
  made.company = "no peer";
  await pass(5_000);
  made.stop(); // its page was loaded anew: another connection follows
  await pass(60_000);
  assert.deepEqual(ends, []);
});

test("where the service has dropped the call, a closed end is the end of the call", () => {
  const made = repair();
  pc.dtls.state = "closed";
  made.company = "nobody";
  assert.deepEqual(ends, ["peer_left"]);
});
