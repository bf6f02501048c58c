/** The one call this page is in, from the press of a button to the sentence it ends with. */

import { Call } from "./call.js";
import { closeMedia, MediaError, openMedia } from "./media.js";

/**
 * `line` is the call, or null when there is none:
 *
 *   state      outgoing · incoming · connecting-call · in-call · ended · error
 *   role       caller · callee
 *   peer       {id, name}
 *   callType   audio · video
 *   callId     once the service has given one
 *   ringing    whether a device of the callee has it
 *   call       its media (`Call`), from then on
 *   startedAt  when sound and picture first came through, epoch ms; `durationMs` when ended
 *   reason     why it ended: an end reason, an error code of the protocol, or a media_… code
 *   byMe       whether this page ended it
 *
 * Fires "change" whenever something of it has changed.
 */
export class Phone extends EventTarget {
  line = null;
  #crossed = null; // a call that came in while our own was on its way out
  #socket;
  #refreshIce;

  constructor(socket, refreshIce) {
    super();
    this.#socket = socket;
    this.#refreshIce = refreshIce;
    socket.on("call:incoming", (event) => this.#incoming(event));
    socket.on("call:ringing", (event) => this.#update(event, { ringing: true }));
    socket.on("call:accepted", (event) => this.#accepted(event));
    socket.on("call:rejected", (event) => this.#ended(event));
    socket.on("call:ended", (event) => this.#ended(event));
    socket.on("ice:servers", (ice) => this.line?.call?.configure(ice));
    socket.on("disconnect", () => this.#finish(this.line, "connection_lost"));
  }

  get busy() {
    return this.line !== null && !["ended", "error"].includes(this.line.state);
  }

  /** Calls somebody. The camera comes first: nobody is rung for a person who then refuses it. */
  async dial(peer, callType) {
    if (this.busy) return;
    const line = { state: "outgoing", role: "caller", peer, callType };
    this.#show(line);
    try {
      if (!(await this.#openMedia(line, callType === "video"))) return;
      const initiated = await this.#socket.request("call:initiate", { to: peer.id, callType });
      line.callId = initiated.callId;
      if (this.line !== line || !this.busy) return this.#emitEnd(line); // hung up meanwhile
      this.#crossed = null;
      this.#startMedia(line, initiated);
    } catch (error) {
      this.#finish(line, error.code ?? "error");
    }
  }

  /** Answers the incoming call, with or without this side's picture. */
  async accept({ video }) {
    const { line } = this;
    if (line?.state !== "incoming") return;
    this.#show(line, { state: "connecting-call" });
    const { callId, peer } = line;
    try {
      if (!(await this.#openMedia(line, video))) return;
      this.#startMedia(line, line.ice); // listens already when the held offer comes
      await this.#socket.request("call:accept", { callId, from: peer.id });
    } catch (error) {
      if (error instanceof MediaError) this.#emitReject(line, { scope: "device" });
      this.#finish(line, error.code ?? "error");
    }
  }

  reject() {
    this.#emitReject(this.line);
    this.#finish(this.line, "rejected", true);
  }

  hangUp() {
    const { accepted, role, callId } = this.line;
    if (callId) this.#emitEnd(this.line);
    const unanswered = role === "caller" ? "cancelled" : "rejected";
    this.#finish(this.line, accepted ? "completed" : unanswered, true);
  }

  toggleMicrophone() {
    this.line.call.microphone = !this.line.call.microphone;
  }

  /** Switches the picture; in an audio call it is added on the first press. */
  async toggleCamera() {
    const { call } = this.line;
    if (call.media.getVideoTracks().length) return void (call.camera = !call.camera);
    const extra = await navigator.mediaDevices.getUserMedia({ video: true }).catch(() => null);
    if (!extra) return;
    if (this.line?.call === call && this.busy) call.addTrack(extra.getVideoTracks()[0]);
    else closeMedia(extra);
  }

  /** Puts an ended call away. */
  dismiss() {
    if (!this.busy) this.#show(null);
  }

  #incoming({ callId, from, fromName, callType, ...ice }) {
    const peer = { id: from, name: fromName ?? from };
    const line = { state: "incoming", role: "callee", peer, callType, callId, ice };
    if (!this.busy) this.#show(line);
    else if (this.line.callId) this.#emitReject(line, { reason: "busy", scope: "device" });
    else this.#crossed = line;
  }

  #accepted(event) {
    const state = this.line?.state === "outgoing" ? "connecting-call" : this.line?.state;
    this.#update(event, { state, accepted: true });
  }

  #ended({ callId, reason, durationMs }) {
    if (this.#crossed?.callId === callId) this.#crossed = null;
    if (this.line?.callId === callId) this.#finish(this.line, reason, false, durationMs);
  }

  #startMedia(line, ice) {
    const { callId, peer, role, media } = line;
    const options = { callId, peer: peer.id, polite: role === "callee", media, ice };
    const call = new Call({ ...options, socket: this.#socket, refreshIce: this.#refreshIce });
    call.addEventListener("change", () => this.#mediaChanged(line));
    call.addEventListener("failed", () => {
      this.#emitEnd(line, { reason: "media_failed" });
      this.#finish(line, "media_failed");
    });
    this.#show(line, { call });
  }

  #mediaChanged(line) {
    if (line.call.pc.connectionState === "connected" && !line.startedAt) {
      Object.assign(line, { state: "in-call", startedAt: Date.now() });
    }
    this.#changed();
  }

  /** Whether the call still wants it when the person has said yes to microphone and camera. */
  async #openMedia(line, video) {
    line.media = await openMedia({ video });
    const wanted = this.line === line && this.busy;
    if (!wanted) closeMedia(line.media);
    this.#changed();
    return wanted;
  }

  #finish(line, reason, byMe = false, durationMs = Date.now() - line?.startedAt) {
    if (this.line !== line || !this.busy) return;
    line.call?.close();
    closeMedia(line.media);
    const state = reason.startsWith("media_") && !line.call ? "error" : "ended";
    Object.assign(line, { state, reason, byMe, durationMs: line.startedAt ? durationMs : 0 });
    this.#show(this.#crossed ?? line); // now the call that crossed ours may ring
    this.#crossed = null;
  }

  #emitEnd({ callId }, extra) {
    this.#socket.emit("call:end", { callId, ...extra });
  }

  #emitReject({ callId, peer }, extra) {
    this.#socket.emit("call:reject", { callId, from: peer.id, ...extra });
  }

  #update({ callId }, changes) {
    if (this.busy && this.line.callId === callId) this.#show(this.line, changes);
  }

  #show(line, changes) {
    this.line = line && Object.assign(line, changes);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
