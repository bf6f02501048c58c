/** What the two sides of one call say to each other by the service, and whether it gets there. */

// The service carries the call no longer, or not for this session.
const GONE = ["call_not_found", "call_ended", "not_participant"];

export class Signalling {
  state = "up"; // up · suspended, while this client reconnects · lost, when the service has dropped it
  peerIsAway = false; // whether the peer's client reconnects
  generation; // of the call: which peer connections belong together
  #session;
  #callId;
  #changed;
  #gone;
  #stops = [];

  /**
   * `changed()` is called when `state` or `peerIsAway` has changed, `gone()` when the service refuses
   * what is said, since it has no such call for this session.
   */
  constructor(session, { callId, generation, changed, gone }) {
    this.#session = session;
    this.#callId = callId;
    this.generation = generation;
    this.#changed = changed;
    this.#gone = gone;
    this.#stops.push(session.on("lost", () => this.#turn("up", "suspended")));
    this.on("call:peer-reconnecting", () => this.#peer({ isAway: true }));
    this.on("call:peer-reconnected", () => this.#peer({ isAway: false }));
    this.on("call:peer-moved", () => this.#peer({ isAway: false }));
  }

  /** Who is there to mend the media: see `Repair`. */
  get company() {
    if (this.state === "lost") return "nobody";
    if (this.state === "suspended") return "no service";
    return this.peerIsAway ? "no peer" : "both";
  }

  /** Calls `handler` with each such event of this call. */
  on(event, handler) {
    const own = (payload) => payload.callId === this.#callId && handler(payload);
    this.#stops.push(this.#session.on(event, own));
  }

  /** Says something to the peer; what `yields` comes behind what does not. */
  async relay(event, payload, how) {
    if (this.state === "lost") return;
    const whole = { ...payload, callId: this.#callId, generation: this.generation };
    await this.#session.relay(event, whole, how).catch((error) => this.#refused(event, error));
  }

  /** Tells the service something, at once or never: what is later is said anew. */
  emit(event, payload) {
    if (this.state === "up") this.#session.emit(event, { ...payload, callId: this.#callId });
  }

  /** Finds out whether this client's connection lives, since media do not flow. */
  probe() {
    this.#session.probe();
  }

  /** The session is there again, and the service has the call. */
  resume() {
    this.#turn("suspended", "up");
  }

  /** The service has the call no longer. */
  orphan() {
    this.#session.forget(this.#callId);
    this.#turn(this.state, "lost");
  }

  close() {
    for (const stop of this.#stops) stop();
    this.#session.forget(this.#callId);
  }

  #turn(from, to) {
    if (this.state !== from) return;
    this.state = to;
    this.#changed();
  }

  #peer({ isAway }) {
    this.peerIsAway = isAway;
    this.#changed();
  }

  #refused(event, error) {
    if (GONE.includes(error.code)) this.#gone();
    else if (error.code !== "session_lost") console.warn(`ringline: ${event}:`, error);
  }
}
