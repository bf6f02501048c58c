/** Knows the call that a person has at another device, so that it can be brought here. */

import { isElsewhere } from "./live.js";

export class Elsewhere {
  live = null; // the call, as `calls` of `user:joined` has it

  /** `changed()` is called when `live` may be another. */
  constructor(session, changed) {
    for (const event of ["joined", "calls:changed"]) {
      session.on(event, ({ calls }) => {
        this.live = calls.find(isElsewhere) ?? null;
        changed();
      });
    }
  }
}
