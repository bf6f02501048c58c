/** Finds the call that a person has at another device, so that it can be brought here. */

import { isElsewhere } from "./live.js";

const AGAIN_MS = 5_000; // no event tells that a call of another device was accepted

export class Elsewhere {
  live = null; // the call, as `calls` of `user:joined` has it
  #session;
  #me;
  #changed;
  #isInCall = false;
  #timer;

  /** `changed()` is called when `live` may be another. */
  constructor(session, me, changed) {
    this.#session = session;
    this.#me = me;
    this.#changed = changed;
    session.on("joined", ({ calls }) => this.#joined(calls));
    session.on("lost", () => clearTimeout(this.#timer));
    session.on("user:status", (status) => status.userId === me && this.#status(status));
    session.on("call:ended", () => this.look());
  }

  /** Promises the call as it is now; null when there is none, or no connection. */
  async look() {
    const calls = await this.#session.calls().catch(() => []);
    this.#take(calls);
    return this.live;
  }

  #joined(calls) {
    this.#isInCall = false; // until the service says so
    this.#session.emit("user:watch", { userIds: [this.#me] });
    this.#take(calls);
  }

  /** A presence that nobody is told says "not in a call" all the time, and so proves nothing. */
  #status({ isInCall }) {
    const told = isInCall !== this.#isInCall;
    this.#isInCall = isInCall;
    if (told) this.look();
  }

  #take(calls) {
    const others = calls.filter(({ bound }) => bound === "another");
    this.live = others.find(isElsewhere) ?? null;
    clearTimeout(this.#timer);
    if (others.length && !this.live) this.#timer = setTimeout(() => this.look(), AGAIN_MS);
    this.#changed();
  }
}
