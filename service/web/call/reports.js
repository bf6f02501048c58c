/** Measures how the media of one call fare, and has it reported to the service. */

import { measure } from "./stats.js";

const MEASURE_MS = 2_000;
const REPORT_MS = 30_000;
const REPORT_AWAY_MS = 10_000; // the service lets a call live by these while the peer is away
const REPORTED = ["connected", "disconnected", "failed"];

export class Reports {
  quality = {}; // as `measure` gives it
  #pc;
  #send;
  #changed;
  #measuring;
  #reporting;
  #peerIsAway = false;

  /**
   * `pc()` is the connection that the call has now. `send({state, stats})` takes a report, and
   * `changed()` is called when `quality` has changed.
   */
  constructor({ pc, send, changed }) {
    this.#pc = pc;
    this.#send = send;
    this.#changed = changed;
    this.#measuring = setInterval(() => this.measure(), MEASURE_MS);
    this.#reportEvery(REPORT_MS);
  }

  /** While the peer is away, the call lives by what this side reports. */
  set peerIsAway(isAway) {
    if (isAway === this.#peerIsAway) return;
    this.#peerIsAway = isAway;
    this.#reportEvery(isAway ? REPORT_AWAY_MS : REPORT_MS);
    if (isAway) this.report();
  }

  async measure() {
    if (this.#pc().connectionState !== "connected") return;
    this.quality = await measure(this.#pc());
    this.#changed();
  }

  async report() {
    const state = this.#pc().connectionState;
    if (!REPORTED.includes(state)) return;
    const stats = await measure(this.#pc());
    this.#send({ state, stats });
  }

  stop() {
    clearInterval(this.#measuring);
    clearInterval(this.#reporting);
    this.#send = this.#changed = () => {};
  }

  #reportEvery(ms) {
    clearInterval(this.#reporting);
    this.#reporting = setInterval(() => this.report(), ms);
  }
}
