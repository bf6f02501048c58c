/** One call's media: what each side sends and sees, how well, and what mends it when it breaks. */

import { Connection } from "./connection.js";
import { measure } from "./stats.js";
import { attach } from "./tracks.js";

const MEASURE_MS = 2_000;
const REPORT_MS = 30_000;
const REPORT_AWAY_MS = 10_000; // the service lets a call live by these while the peer is away
const REPORTED = ["connected", "disconnected", "failed"];
// The service carries this call no longer, or not for this session.
const GONE = ["call_not_found", "call_ended", "not_participant"];

/**
 * Fires "change" when what it shows has changed, "gone" when the service has no such call for this
 * session, and "over" with a `detail` why: "media_failed" when no repair helped, "connection_lost",
 * or "peer_left" when the peer has closed its side unheard.
 *
 * `signalling` is "up", "suspended" while this client reconnects, or "lost" when the service
 * carries the call no longer. Media go on in each.
 */
export class Call extends EventTarget {
  media; // LocalMedia of this side
  remote = new MediaStream();
  peerMedia = { microphone: true, camera: true }; // what the peer says is switched on
  peerIsAway = false; // whether the peer's client reconnects
  quality = {}; // as `measure` gives it
  signalling = "up";
  generation;
  #session;
  #callId;
  #parts;
  #connection;
  #reporting;
  #stops;

  /**
   * `ice` is from `call:initiated`, `call:incoming` or `user:joined`; `refreshIce()` promises newer,
   * or null; an `iceTransportPolicy` outranks the service's. `ready` is when `media` are open.
   * `generation` is the call's, `windowMs` how long the service waits for a side that is away. The
   * caller, who is not `polite`, offers as soon as it is ready; the callee constructs it before it
   * accepts.
   */
  constructor({ session, callId, callType, generation, ...parts }) {
    super();
    this.media = parts.media;
    this.generation = generation;
    this.#session = session;
    this.#callId = callId;
    this.#parts = { ...parts, kinds: ["audio", callType] };
    this.#stops = this.#listen();
    this.#connect();
  }

  get pc() {
    return this.#connection.pc;
  }

  /** Whether sound and picture have stopped, for now, after they once flowed. */
  get interrupted() {
    return this.pc.connectionState !== "connected";
  }

  /** Whether there is a picture of the peer to look at now. */
  get showsPeer() {
    return this.peerMedia.camera && this.remote.getVideoTracks().some(({ muted }) => !muted);
  }

  /** Mutes, or unmutes at once: a microphone that is open stays so. */
  async toggleMicrophone() {
    const track = this.media.track("audio");
    if (track) track.enabled = !track.enabled;
    else await this.media.start("audio");
    await this.#devicesChanged();
  }

  /** Closes the camera, so that its light goes out, or opens it. */
  async toggleCamera() {
    if (this.media.track("video")) this.media.stop("video");
    else await this.media.start("video");
    await this.#devicesChanged();
  }

  /** Takes newer ICE servers, if there are any; they count from the next restart on. */
  configure(ice) {
    if (!ice) return;
    this.#parts.ice = ice;
    this.#connection.configure(ice);
  }

  /** This side reconnects: what it has to say waits. */
  suspend() {
    if (this.signalling === "up") this.#signal("suspended");
  }

  /** This side is there again, and the service has the call; `how` is as for `follow`. */
  resume(how) {
    if (this.signalling === "suspended") this.#signal("up");
    this.follow(how);
    this.#report();
    this.#announce();
  }

  /** The peer's client reconnects: what this side says will reach it then. */
  peerLeft() {
    this.#peer({ isAway: true });
  }

  /** The peer is there again, or another of its devices is; `how` is as for `follow`. */
  peerReturned(how) {
    this.#peer({ isAway: false });
    this.follow(how);
    this.#announce();
  }

  /**
   * Goes on in a `generation` of the call: a newer one has another device or page at an end, and so
   * needs a new connection. After a "snapshot" of a side, messages are missing.
   */
  follow({ resumed, generation }) {
    if (generation !== undefined && generation !== this.generation) {
      this.generation = generation;
      this.#connection.close();
      for (const track of this.remote.getTracks()) this.remote.removeTrack(track);
      this.#connect();
      this.#changed();
    } else if (resumed === "snapshot") this.#connection.recover();
  }

  /** The service has the call no longer; media go on without it. */
  orphan() {
    this.#session.forget(this.#callId);
    this.#signal("lost");
  }

  close() {
    for (const stop of this.#stops) stop();
    clearInterval(this.#reporting);
    this.#connection.close();
    this.#session.forget(this.#callId);
    this.media.close();
  }

  #connect() {
    this.#connection = new Connection({
      ...this.#parts,
      refreshIce: async () => this.configure(await this.#parts.refreshIce()),
      send: (event, payload, how) => this.#relay(event, payload, how),
      changed: () => this.#connectionChanged(),
      received: (track) => this.#receive(track),
      over: (detail) => this.dispatchEvent(new CustomEvent("over", { detail })),
    });
    this.#connection.company = this.#company;
  }

  #listen() {
    const take = (event) => this.#connection.take(event);
    const handlers = {
      "call:offer": take,
      "call:answer": take,
      "ice:candidate": take,
      "call:signal": ({ data }) => this.#peerChanged(data),
    };
    const stops = Object.entries(handlers).map(([name, handler]) =>
      this.#session.on(name, (event) => event.callId === this.#callId && handler(event)),
    );
    const measuring = setInterval(() => this.#measure(), MEASURE_MS);
    this.#reportEvery(REPORT_MS);
    this.media.onlost = () => this.#devicesChanged();
    return [...stops, () => clearInterval(measuring)];
  }

  get #company() {
    if (this.signalling === "lost") return "nobody";
    if (this.signalling === "suspended") return "no service";
    return this.peerIsAway ? "no peer" : "both";
  }

  #signal(signalling) {
    this.signalling = signalling;
    this.#connection.company = this.#company;
    this.#changed();
  }

  #peer({ isAway }) {
    this.peerIsAway = isAway;
    this.#connection.company = this.#company;
    this.#reportEvery(isAway ? REPORT_AWAY_MS : REPORT_MS);
    if (isAway) this.#report();
    this.#changed();
  }

  #connectionChanged() {
    if (this.pc.connectionState === "connected") {
      this.#announce();
      this.#measure();
    }
    if (this.pc.connectionState === "disconnected") this.#session.probe();
    this.#report();
    this.#changed();
  }

  #receive(track) {
    this.remote.addTrack(track);
    track.onmute = track.onunmute = () => this.#changed();
    this.#changed();
  }

  async #devicesChanged() {
    for (const kind of ["audio", "video"]) await attach(this.pc, this.media, kind);
    this.#announce();
    this.#changed();
  }

  #announce() {
    if (this.pc.connectionState !== "connected") return;
    const data = { microphone: this.media.isOn("audio"), camera: this.media.isOn("video") };
    this.#relay("call:signal", { data });
  }

  #peerChanged(data) {
    this.peerMedia = { ...this.peerMedia, ...data };
    this.#changed();
  }

  async #measure() {
    if (this.pc.connectionState !== "connected") return;
    this.quality = await measure(this.pc);
    this.#changed();
  }

  #reportEvery(ms) {
    clearInterval(this.#reporting);
    this.#reporting = setInterval(() => this.#report(), ms);
  }

  /** Tells the service how media fare, at once if it can: what is later is said anew. */
  async #report() {
    const state = this.pc.connectionState;
    if (!REPORTED.includes(state) || this.signalling !== "up") return;
    const stats = await measure(this.pc);
    this.#session.emit("call:media", { callId: this.#callId, state, stats });
  }

  async #relay(event, payload, how) {
    if (this.#connection.isClosed || this.signalling === "lost") return;
    const whole = { ...payload, callId: this.#callId, generation: this.generation };
    await this.#session.relay(event, whole, how).catch((error) => this.#refused(event, error));
  }

  #refused(event, error) {
    if (GONE.includes(error.code)) this.dispatchEvent(new Event("gone"));
    else if (error.code !== "session_lost") console.warn(`ringline: ${event}:`, error);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
