/** The one call that this page is in, and those that come in meanwhile. */

import { Elsewhere } from "./elsewhere.js";
import { Incoming } from "./incoming.js";
import { Line } from "./line.js";
import { goingOn, incoming, isMine } from "./live.js";
import { say } from "./say.js";
import { accept, dial, restore, take } from "./setup.js";

/** Fires "change" whenever something of `line` or `elsewhere` has changed. */
export class Phone extends EventTarget {
  line = null; // the call, also when it has ended until it is put away, or null
  #session;
  #me;
  #wish;
  #ways;
  #elsewhere;
  #ice = null; // the newest that the service has sent
  #crossed = null; // the `call:incoming` that came while our own call was on its way out

  /**
   * `me` is this user's id. `wish` is what was switched on when the page before this one went away
   * in a call: `{microphone, camera}`. `refreshIce()` promises fresh ICE servers, or null; an
   * `iceTransportPolicy` outranks the service's.
   */
  constructor(session, { me, wish = {}, ...ways }) {
    super();
    this.#session = session;
    this.#me = me;
    this.#wish = wish;
    this.#ways = ways;
    this.#elsewhere = new Elsewhere(session, () => this.#changed());
    session.on("joined", (joined) => this.#joined(joined));
    for (const event of ["call:ended", "call:rejected"]) {
      session.on(event, ({ callId }) => callId === this.#crossed?.callId && (this.#crossed = null));
    }
    new Incoming(session, (event) => this.#ring(event));
  }

  get busy() {
    return this.line !== null && !this.line.isOver;
  }

  /** The call that goes on at another device of this person, as `user:joined` has it, or null. */
  get elsewhere() {
    return this.#elsewhere.live;
  }

  async dial(peer, callType) {
    if (this.busy) return;
    const line = this.#begin({ state: "outgoing", role: "caller", peer, callType });
    await dial(line, () => this.#ice);
    if (this.line === line) this.#crossed = null;
  }

  accept({ video }) {
    const { line } = this;
    if (line?.state === "incoming" && !line.opening) accept(line, { video });
  }

  /** Brings the call that goes on elsewhere to this device. */
  async takeHere() {
    const live = this.elsewhere;
    if (this.busy || !live) return;
    const freshIce = async () => (await this.#ways.refreshIce()) ?? this.#ice;
    await take(this.#begin(goingOn(live, this.#me)), { moves: live.moves, freshIce });
  }

  reject() {
    const { line } = this;
    line.say("call:reject");
    line.finish("rejected", { byMe: true });
  }

  hangUp() {
    const { line } = this;
    const unanswered = line.role === "caller" ? "cancelled" : "rejected";
    line.finish(line.accepted ? "completed" : unanswered, { byMe: true });
    if (line.bound) line.say("call:end"); // else the answer that binds it comes first, or never
  }

  /** Puts an ended call away. */
  dismiss() {
    if (this.busy) return;
    this.line = null;
    this.#changed();
  }

  /** Whether a page that is reloaded finds the call again. A call that still rings is not kept up. */
  get mayReturn() {
    return this.busy && this.line.state !== "outgoing" && this.#session.windowMs > 0;
  }

  /** Leaves the call to the next page, with what was switched on: `{microphone, camera}`. */
  leave() {
    const { call, media } = this.line;
    const wish = media ? { microphone: media.isOn("audio"), camera: media.isOn("video") } : {};
    call?.close(); // the peer sees at once that nothing more comes
    return wish;
  }

  /** What this page finds of a call at first is of the page before it; later it knows better. */
  #joined({ calls, ...ice }) {
    const isFirst = this.#ice === null;
    this.#ice = ice;
    const mine = calls.filter((each) => isMine(each, this.#me));
    if (!isFirst) return this.#endGivenUp(mine);
    const [live] = mine;
    if (!live) return;
    const line = this.#begin(goingOn(live, this.#me));
    restore(line, { ...this.#wish, ice, generation: live.generation });
  }

  /** Ends what this page still has at the service, but gave up while it was away. */
  #endGivenUp(mine) {
    if (this.line && !this.line.callId) return; // which call is the line's, its answer will tell
    for (const { callId } of mine) {
      const isShown = this.busy && this.line.callId === callId;
      if (!isShown) say(this.#session, "call:end", { callId, reason: "connection_lost" });
    }
  }

  #ring(event) {
    const known = incoming(event);
    this.#ice = known.ice;
    if (this.busy && this.line.callId === known.callId) return; // it is shown already
    if (this.#supersedes(known)) this.line.finish("connection_lost");
    if (!this.busy) this.#begin(known);
    else if (!this.line.callId) this.#crossed = event;
    else say(this.#session, "call:reject", { callId: event.callId, reason: "busy", scope: "device" });
  }

  /** Whether the peer of a call that the service has dropped calls anew. */
  #supersedes({ peer }) {
    return this.busy && this.line.call?.signalling.state === "lost" && this.line.peer.id === peer.id;
  }

  #begin(known) {
    const line = new Line(known, { session: this.#session, ways: this.#ways });
    line.addEventListener("change", () => this.#lineChanged(line));
    this.line = line;
    this.#changed();
    return line;
  }

  #lineChanged(line) {
    if (this.line !== line) return;
    const crossed = this.#crossed;
    if (line.isOver && crossed) {
      this.#crossed = null;
      this.#ring(crossed); // now it may
    } else this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
