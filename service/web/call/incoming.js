/** Tells which calls that come in are to ring: those of now, not those that a replay repeats. */

const REPLAY_MS = 2_000; // how long events of the past may come after a resume
const OVERTAKEN_MS = 300; // and how soon the end of a call follows its beginning among them

export class Incoming {
  #session;
  #ring;
  #calls = [];
  #replayedAt = -Infinity;

  /** `ring(event)` is called with each `call:incoming` that is to ring. */
  constructor(session, ring) {
    this.#session = session;
    this.#ring = ring;
    session.on("joined", (joined) => this.#joined(joined));
    session.on("call:incoming", (event) => this.#came(event));
  }

  #joined({ resumed, calls }) {
    this.#calls = calls;
    this.#replayedAt = resumed === "replayed" ? Date.now() : -Infinity;
  }

  #came(event) {
    const isReplayed = Date.now() - this.#replayedAt < REPLAY_MS;
    const isLive = this.#calls.some(({ callId }) => callId === event.callId);
    if (isReplayed && !isLive) this.#ringUnlessEnded(event);
    else this.#ring(event);
  }

  /** Rings for a call that has just begun, but not for one of the past, whose end follows at once. */
  #ringUnlessEnded(event) {
    const stop = this.#session.on("call:ended", ({ callId }) => {
      if (callId === event.callId) clearTimeout(timer);
    });
    const timer = setTimeout(() => this.#ring(event), OVERTAKEN_MS);
    setTimeout(stop, OVERTAKEN_MS);
  }
}
