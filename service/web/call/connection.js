/** One RTCPeerConnection, with what negotiates it and what mends it. */

import { Candidates } from "./candidates.js";
import { configuration } from "./ice.js";
import { Negotiation } from "./negotiation.js";
import { Repair } from "./repair.js";
import { addTracks } from "./tracks.js";

/** A call has one after the other: each generation of the call is a connection of its own. */
export class Connection {
  pc;
  #policy;
  #negotiation;
  #candidates;
  #repair;

  /**
   * `ready` is when `media`, this side's devices, are open. `kinds` are what the caller asks for
   * even if it sends none. `send(event, payload, how)` relays to the peer. `changed()` is called when
   * the connection's state has changed, `received(track)` for each track of the peer, `over(reason)`
   * and `refreshIce()` are those of `Repair`.
   */
  constructor({ ice, iceTransportPolicy, polite, ready, media, kinds, windowMs, ...does }) {
    const { send, changed, received, over, refreshIce } = does;
    this.#policy = iceTransportPolicy;
    this.pc = new RTCPeerConnection(configuration(ice, iceTransportPolicy));
    this.pc.ontrack = ({ track }) => received(track);
    this.pc.onconnectionstatechange = () => {
      this.#repair.look();
      changed();
    };
    this.pc.onsignalingstatechange = () => this.pc.connectionState === "new" && this.#repair.look();
    this.#repair = new Repair(this.pc, { polite, windowMs, refreshIce, over });
    this.#candidates = new Candidates((candidates) => {
      send("ice:candidate", { candidates }, { yields: true });
    });
    this.#negotiation = new Negotiation(this.pc, {
      polite,
      ready,
      send,
      sendCandidate: (candidate) => this.#candidates.add(candidate),
      addTracks: () => addTracks(this.pc, media, polite ? [] : kinds),
    });
  }

  get isClosed() {
    return this.pc.signalingState === "closed";
  }

  /** Whether the peer has closed its side of it. */
  get peerHasClosed() {
    return this.#repair.peerHasClosed;
  }

  /** Takes newer ICE servers; they count from the next restart on. */
  configure(ice) {
    if (!this.isClosed) this.pc.setConfiguration(configuration(ice, this.#policy));
  }

  /** Takes the peer's next `call:offer`, `call:answer` or `ice:candidate`. */
  take(event) {
    this.#negotiation.take(event);
  }

  /** Negotiates anew: messages of either side may have been lost. */
  recover() {
    this.#negotiation.recover();
  }

  /** Who is there to mend it, as `Repair` has it. */
  set company(company) {
    this.#repair.company = company;
  }

  close() {
    this.#candidates.stop();
    this.#repair.stop();
    this.pc.onconnectionstatechange = this.pc.ontrack = null;
    this.pc.close();
  }
}
