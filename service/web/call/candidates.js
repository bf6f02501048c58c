/** Puts candidates into few messages: a machine finds its candidates in bursts. */

const MOST = 32; // in one event, as the protocol bounds it
const GATHER_MS = 20;

export class Candidates {
  #send;
  #found = [];
  #timer = null;

  /** `send(candidates)` takes 1 to 32 of them. */
  constructor(send) {
    this.#send = send;
  }

  /** Sends a candidate soon; `null` is the end of them (RFC 8838, section 13). */
  add(candidate) {
    this.#found.push(candidate);
    if (this.#found.length === MOST) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #flush() {
    this.stop();
    this.#timer = null;
    this.#send(this.#found.splice(0));
  }
}
