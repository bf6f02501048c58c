/** Knows the call that a person has at another device, so that it can be brought here. */

import { isElsewhere } from "./live.js";

export class Elsewhere {
  #calls = [];
  #changed;

  /** `changed()` is called when `live` may be another. */
  constructor(session, changed) {
    this.#changed = changed;
    for (const event of ["joined", "calls:changed"]) {
      session.on(event, ({ calls }) => this.#take(calls));
    }
    session.on("call:moved", (here) => {
      this.#take(this.#calls.filter(({ callId }) => callId !== here.callId));
    });
  }

  /** The call, as `calls` of `user:joined` has it, or null. */
  get live() {
    return this.#calls.find(isElsewhere) ?? null;
  }

  #take(calls) {
    this.#calls = calls;
    this.#changed();
  }
}
