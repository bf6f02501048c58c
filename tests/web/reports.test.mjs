import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Reports } from "../../service/web/call/reports.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

let pc;
let reports;
let sent;

beforeEach(({ mock }) => {
  mock.timers.enable({ apis: ["setInterval"] });
  pc = { connectionState: "connected", getStats: async () => new Map() };
  sent = [];
  reports = new Reports({ pc: () => pc, send: ({ state }) => sent.push(state), changed: () => {} });
});

afterEach(() => reports.stop());

test("media are reported every 30 seconds", async ({ mock }) => {
  mock.timers.tick(29_999);
  await settled();
  assert.deepEqual(sent, []);
  mock.timers.tick(1);
  await settled();
  assert.deepEqual(sent, ["connected"]);
});

test("while the peer is away, at once and every 10 seconds", async ({ mock }) => {
  reports.peerIsAway = true;
  reports.peerIsAway = true; // nothing new
  mock.timers.tick(10_000);
  await settled();
  assert.deepEqual(sent, ["connected", "connected"]);
  reports.peerIsAway = false;
  mock.timers.tick(29_999);
  await settled();
  assert.deepEqual(sent, ["connected", "connected"]);
});

test("nothing is reported before they flow, nor once it has stopped", async () => {
  pc = { ...pc, connectionState: "connecting" };
  await reports.report();
  pc = { ...pc, connectionState: "failed" };
  await reports.report();
  assert.deepEqual(sent, ["failed"]);
  const late = reports.report();
  reports.stop();
  await late;
  assert.deepEqual(sent, ["failed"]);
});
