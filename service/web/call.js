/** One call's media: what each side sends and sees, how well, and what mends it when it breaks. */

import { configuration } from "./ice.js";
import { Negotiation } from "./negotiation.js";
import { measure } from "./stats.js";

// How long a connection may stay in a state before an ICE restart. A blip heals by itself; dead
// TURN credentials show as nothing happening at all, not as a failure.
const PATIENCE_MS = { new: 10_000, connecting: 10_000, disconnected: 3_000, failed: 0 };
const POLITE_MS = 3_000; // the callee lets the caller try first
const MAX_REPAIRS = 3;
const MEASURE_MS = 2_000;
const REPORT_MS = 30_000;
const REPORTED = ["connected", "disconnected", "failed"];

/** Fires "change" when what it shows has changed, and "failed" when no repair helped. */
export class Call extends EventTarget {
  pc;
  media; // MediaStream of this side
  remote = new MediaStream();
  peerMedia = { microphone: true, camera: true }; // what the peer says is switched on
  quality = {}; // as `measure` gives it
  #socket;
  #address; // {callId, to}: goes with everything this side sends
  #polite;
  #refreshIce;
  #negotiation;
  #repairs = 0;
  #repair;
  #stops;

  /**
   * `ice` is from `call:initiated` or `call:incoming`; `refreshIce()` promises newer, or null. The
   * caller offers as soon as it is constructed; the callee constructs it before it accepts.
   */
  constructor({ socket, callId, peer, polite, media, ice, refreshIce }) {
    super();
    this.media = media;
    this.#socket = socket;
    this.#address = { callId, to: peer };
    this.#polite = polite;
    this.#refreshIce = refreshIce;
    this.pc = new RTCPeerConnection(configuration(ice));
    this.pc.ontrack = ({ track }) => this.#receive(track);
    this.pc.onconnectionstatechange = () => this.#connectionChanged();
    this.pc.onsignalingstatechange = () => this.#signalingChanged();
    this.#negotiation = new Negotiation(this.pc, {
      polite,
      send: (event, payload) => this.#send(event, payload),
      addTracks: () => this.#addTracks(),
    });
    this.#stops = this.#listen();
  }

  get microphone() {
    return this.media.getAudioTracks().some(({ enabled }) => enabled);
  }

  set microphone(on) {
    for (const track of this.media.getAudioTracks()) track.enabled = on;
    this.#announce();
  }

  get camera() {
    return this.media.getVideoTracks().some(({ enabled }) => enabled);
  }

  set camera(on) {
    for (const track of this.media.getVideoTracks()) track.enabled = on;
    this.#announce();
  }

  /** Whether sound and picture have stopped, for now, after they once flowed. */
  get interrupted() {
    return this.pc.connectionState !== "connected";
  }

  /** Whether there is a picture of the peer to look at now. */
  get showsPeer() {
    return this.peerMedia.camera && this.remote.getVideoTracks().some(({ muted }) => !muted);
  }

  /** Adds a track to a running call; the negotiation that this needs follows by itself. */
  addTrack(track) {
    this.media.addTrack(track);
    this.#addTracks();
    this.#announce();
  }

  /** Takes newer ICE servers; they count from the next restart on. */
  configure(ice) {
    this.pc.setConfiguration(configuration(ice));
  }

  close() {
    for (const stop of this.#stops) stop();
    clearTimeout(this.#repair);
    this.pc.onconnectionstatechange = this.pc.onsignalingstatechange = null;
    this.pc.close();
  }

  #listen() {
    const handlers = {
      "call:offer": (event) => this.#negotiation.take(event),
      "call:answer": (event) => this.#negotiation.take(event),
      "ice:candidate": (event) => this.#negotiation.take(event),
      "call:signal": ({ data }) => this.#peerChanged(data),
    };
    const stops = Object.entries(handlers).map(([name, handler]) =>
      this.#socket.on(name, (event) => event.callId === this.#address.callId && handler(event)),
    );
    const timers = [
      setInterval(() => this.#measure(), MEASURE_MS),
      setInterval(() => this.#report(), REPORT_MS),
    ];
    return [...stops, ...timers.map((timer) => () => clearInterval(timer))];
  }

  #connectionChanged() {
    if (this.pc.connectionState === "connected") {
      this.#repairs = 0;
      this.#announce();
      this.#measure();
    }
    this.#repairLater();
    this.#report();
    this.#changed();
  }

  #signalingChanged() {
    const { signalingState, connectionState } = this.pc;
    if (signalingState === "stable" && connectionState === "new") this.#repairLater();
  }

  #repairLater(patience = PATIENCE_MS[this.pc.connectionState]) {
    clearTimeout(this.#repair);
    if (patience === undefined) return;
    const wait = this.#polite ? patience + POLITE_MS : patience;
    this.#repair = setTimeout(() => this.#restartIce(), wait);
  }

  /** Has both sides look for a new path, with fresh credentials; the call itself goes on. */
  async #restartIce() {
    if (this.#repairs === MAX_REPAIRS) return this.dispatchEvent(new Event("failed"));
    this.#repairs += 1;
    this.#repairLater(PATIENCE_MS.connecting);
    const ice = await this.#refreshIce();
    if (this.pc.signalingState === "closed") return;
    if (ice) this.configure(ice);
    this.pc.restartIce();
  }

  #addTracks() {
    const sent = this.pc.getSenders().map(({ track }) => track);
    for (const track of this.media.getTracks()) {
      if (!sent.includes(track)) this.pc.addTrack(track, this.media);
    }
  }

  #receive(track) {
    this.remote.addTrack(track);
    track.onmute = track.onunmute = () => this.#changed();
    this.#changed();
  }

  #announce() {
    const { microphone, camera } = this;
    this.#send("call:signal", { data: { microphone, camera } });
    this.#changed();
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
    if (!REPORTED.includes(state)) return;
    const { callId } = this.#address;
    this.#socket.emit("call:media", { callId, state, stats: await measure(this.pc) });
  }

  #send(event, payload) {
    this.#socket.emit(event, { ...payload, ...this.#address });
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
