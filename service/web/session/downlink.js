/** What the service has told a session: each event once, and acknowledged so that it can forget it. */

const AT_ONCE = ["call:incoming"]; // a call rings only when its device has it
const EVERY = 32; // events
const AFTER_MS = 5_000;

export class Downlink {
  epoch = null; // null while the session is not resumable
  lastSeq = 0;
  #send;
  #unconfirmed = 0;
  #timer = null;

  /** `send()` is to send a `session:ack` of what this object now says. */
  constructor(send) {
    this.#send = send;
  }

  /** Goes on in an epoch; a new one counts from 1 again. */
  begin(epoch) {
    if (epoch !== this.epoch) this.lastSeq = 0;
    this.epoch = epoch;
  }

  /**
   * Whether an event is new, so that it is to be shown: `"new"`, `"old"`, or `"gap"` when one before
   * it is missing, which a sound connection never shows.
   */
  take(event, { seq } = {}) {
    if (seq === undefined || this.epoch === null) return "new";
    if (seq <= this.lastSeq) return "old";
    if (seq !== this.lastSeq + 1) return "gap";
    this.lastSeq = seq;
    this.#confirmSoon(event);
    return "new";
  }

  /** Acknowledges everything so far. */
  confirm() {
    this.stop();
    if (this.epoch !== null) this.#send();
  }

  /** Acknowledges nothing more: there is no connection. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#unconfirmed = 0;
  }

  #confirmSoon(event) {
    this.#unconfirmed += 1;
    if (AT_ONCE.includes(event) || this.#unconfirmed >= EVERY) return this.confirm();
    this.#timer ??= setTimeout(() => this.confirm(), AFTER_MS);
  }
}
