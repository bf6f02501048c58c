/** One call's media: what each side sends and sees, over one connection after the other. */

import { Connection } from "./connection.js";
import { Reports } from "./reports.js";
import { Signalling } from "./signalling.js";
import { Switches } from "./switches.js";

/**
 * Fires "change" when what it shows has changed, "gone" when the service has no such call for this
 * session, and "over" with a `detail` why: "media_failed" when no repair helped, "connection_lost",
 * or "peer_left" when the peer has closed its side unheard. Media go on while there is no signalling.
 */
export class Call extends EventTarget {
  media; // LocalMedia of this side
  remote = new MediaStream();
  signalling;
  switches;
  reports;
  #parts;
  #connection;

  /**
   * `ice` is from `call:initiated`, `call:incoming` or `user:joined`; `refreshIce()` promises newer,
   * or null; an `iceTransportPolicy` outranks the service's. `ready` is when `media` are open.
   * `generation` is the call's. The caller, who is not `polite`, offers as soon as it is ready; the
   * callee constructs it before it accepts.
   */
  constructor({ session, callId, callType, generation, ...parts }) {
    super();
    const [pc, changed] = [() => this.pc, () => this.#changed()];
    const { media } = parts;
    this.media = media;
    this.#parts = { ...parts, windowMs: session.windowMs, kinds: ["audio", callType] };
    this.signalling = new Signalling(session, {
      ...{ callId, generation },
      changed: () => this.#signallingChanged(),
      gone: () => this.dispatchEvent(new Event("gone")),
    });
    this.switches = new Switches({ media, signalling: this.signalling, pc, changed });
    const send = (report) => this.signalling.emit("call:media", report);
    this.reports = new Reports({ pc, send, changed });
    this.#connect();
    this.#listen();
  }

  get pc() {
    return this.#connection.pc;
  }

  get generation() {
    return this.signalling.generation;
  }

  /** Whether sound and picture have stopped, for now, after they once flowed. */
  get interrupted() {
    return this.pc.connectionState !== "connected" || this.#connection.peerHasClosed;
  }

  /** Whether there is a picture of the peer to look at now. */
  get showsPeer() {
    if (!this.switches.peer.camera || this.#connection.peerHasClosed) return false;
    return this.remote.getVideoTracks().some(({ muted }) => !muted);
  }

  /** Takes newer ICE servers, if there are any; they count from the next restart on. */
  configure(ice) {
    if (!ice) return;
    this.#parts.ice = ice;
    this.#connection.configure(ice);
  }

  /** This side is there again, and the service has the call; `how` is as for `follow`. */
  resume(how) {
    this.signalling.resume();
    this.follow(how);
    this.reports.report();
    this.switches.announce();
  }

  /**
   * Goes on in a `generation` of the call: a newer one has another device or page at an end, and so
   * needs a new connection. After a "snapshot" of a side, messages are missing.
   */
  follow({ resumed, generation }) {
    if (generation !== undefined && generation !== this.generation) {
      this.signalling.generation = generation;
      this.#connection.close();
      for (const track of this.remote.getTracks()) this.remote.removeTrack(track);
      this.#connect();
      this.#changed();
    } else if (resumed === "snapshot") this.#connection.recover();
  }

  /** The service has the call no longer; media go on without it. */
  orphan() {
    this.signalling.orphan();
  }

  close() {
    this.reports.stop();
    this.#connection.close();
    this.signalling.close();
    this.media.close();
  }

  #connect() {
    const connection = new Connection({
      ...this.#parts,
      refreshIce: async () => this.configure(await this.#parts.refreshIce()),
      send: (...what) => connection.isClosed || this.signalling.relay(...what),
      changed: () => this.#connectionChanged(),
      received: (track) => this.#receive(track),
      over: (detail) => this.dispatchEvent(new CustomEvent("over", { detail })),
    });
    this.#connection = connection;
    connection.company = this.signalling.company;
  }

  #listen() {
    for (const event of ["call:offer", "call:answer", "ice:candidate"]) {
      this.signalling.on(event, (message) => this.#connection.take(message));
    }
    for (const event of ["call:peer-reconnected", "call:peer-moved"]) {
      this.signalling.on(event, (how) => {
        this.follow(how);
        this.switches.announce();
      });
    }
  }

  #signallingChanged() {
    this.#connection.company = this.signalling.company;
    this.reports.peerIsAway = this.signalling.peerIsAway;
    this.#changed();
  }

  #connectionChanged() {
    const { connectionState } = this.pc;
    if (connectionState === "connected") {
      this.switches.announce();
      this.reports.measure();
    }
    if (connectionState === "disconnected") this.signalling.probe();
    this.reports.report();
    this.#changed();
  }

  #receive(track) {
    this.remote.addTrack(track);
    track.onmute = track.onunmute = () => this.#changed();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
