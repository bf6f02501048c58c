/** One call's media: what each side sends and sees, how well, and what mends it when it breaks. */

import { configuration } from "./ice.js";
import { Negotiation } from "./negotiation.js";
import { Repair } from "./repair.js";
import { measure } from "./stats.js";
import { addTracks, attach } from "./tracks.js";

const MEASURE_MS = 2_000;
const REPORT_MS = 30_000;
const REPORTED = ["connected", "disconnected", "failed"];

/**
 * Fires "change" when what it shows has changed, and "over" with a `detail` why: "media_failed" when
 * no repair helped, "connection_lost", or "peer_left" when the peer has closed its side unheard.
 *
 * `signalling` is "up", "suspended" while this client reconnects, or "lost" when the service
 * carries the call no longer. Media go on in each.
 */
export class Call extends EventTarget {
  pc;
  media; // LocalMedia of this side
  remote = new MediaStream();
  peerMedia = { microphone: true, camera: true }; // what the peer says is switched on
  quality = {}; // as `measure` gives it
  signalling = "up";
  #outbox;
  #callId;
  #negotiation;
  #repair;
  #stops;

  /**
   * `ice` is from `call:initiated` or `call:incoming`; `refreshIce()` promises newer, or null. The
   * caller offers as soon as it is constructed; the callee constructs it before it accepts.
   */
  constructor({ socket, outbox, callId, callType, polite, media, ice, refreshIce }) {
    super();
    this.media = media;
    this.#outbox = outbox;
    this.#callId = callId;
    this.pc = new RTCPeerConnection(configuration(ice));
    this.pc.ontrack = ({ track }) => this.#receive(track);
    this.pc.onconnectionstatechange = () => this.#connectionChanged();
    this.pc.onsignalingstatechange = () => this.pc.connectionState === "new" && this.#repair.look();
    this.#repair = new Repair(this.pc, {
      polite,
      refreshIce: async () => this.configure(await refreshIce()),
      over: (detail) => this.dispatchEvent(new CustomEvent("over", { detail })),
    });
    const asked = polite ? [] : ["audio", callType];
    this.#negotiation = new Negotiation(this.pc, {
      polite,
      send: (event, payload) => this.#send(event, payload),
      sendCandidate: (candidate) => this.#sendCandidate(candidate),
      addTracks: () => addTracks(this.pc, media, asked),
    });
    this.#stops = this.#listen(socket);
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
    if (ice && this.pc.signalingState !== "closed") this.pc.setConfiguration(configuration(ice));
  }

  /** The session is gone; perhaps the next one has the call. */
  suspend() {
    if (this.signalling === "up") this.#signal("suspended");
  }

  /** There is a session again, and the service has the call. */
  resume() {
    if (this.signalling !== "suspended") return;
    this.#signal("up");
    this.#announce(); // refused when the call is not this session's
  }

  /** The service has the call no longer; media go on without it. */
  orphan() {
    this.#outbox.forget(this.#callId);
    this.#signal("lost");
  }

  close() {
    for (const stop of this.#stops) stop();
    this.#repair.stop();
    this.#outbox.forget(this.#callId);
    this.media.close();
    this.pc.close();
  }

  #listen(socket) {
    const handlers = {
      "call:offer": (event) => this.#negotiation.take(event),
      "call:answer": (event) => this.#negotiation.take(event),
      "ice:candidate": (event) => this.#negotiation.take(event),
      "call:signal": ({ data }) => this.#peerChanged(data),
    };
    const stops = Object.entries(handlers).map(([name, handler]) =>
      socket.on(name, (event) => event.callId === this.#callId && handler(event)),
    );
    const timers = [
      setInterval(() => this.#measure(), MEASURE_MS),
      setInterval(() => this.#report(), REPORT_MS),
    ];
    this.media.onlost = () => this.#devicesChanged();
    return [...stops, ...timers.map((timer) => () => clearInterval(timer))];
  }

  #signal(signalling) {
    this.signalling = signalling;
    this.#repair.signalling = signalling;
    this.#changed();
  }

  #connectionChanged() {
    if (this.pc.connectionState === "connected") {
      this.#announce();
      this.#measure();
    }
    this.#repair.look();
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
    const data = { microphone: this.media.isOn("audio"), camera: this.media.isOn("video") };
    this.#send("call:signal", { data });
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

  async #report() {
    const state = this.pc.connectionState;
    if (REPORTED.includes(state)) this.#send("call:media", { state, stats: await measure(this.pc) });
  }

  #send(event, payload) {
    if (this.pc.signalingState === "closed" || this.signalling === "lost") return;
    this.#outbox.send(event, { ...payload, callId: this.#callId });
  }

  #sendCandidate(candidate) {
    if (this.signalling !== "lost") this.#outbox.sendCandidate(candidate, this.#callId);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
