/** The one call this page is in, from the press of a button to the sentence it ends with. */

import { Call } from "./call.js";
import { LocalMedia } from "./media.js";
import { Outbox } from "./outbox.js";

// The service has dropped the call, but nobody has hung up: media may go on.
const UNHEARD = ["connection_lost", "server_shutdown"];

/**
 * `line` is the call, or null when there is none:
 *
 *   state      outgoing · incoming · connecting-call · in-call · ended
 *   role       caller · callee
 *   peer       {id, name}
 *   callType   audio · video
 *   callId     once the service has given one
 *   opening    while microphone and camera are asked for
 *   ringing    whether a device of the callee has it
 *   media      this side's microphone and camera (`LocalMedia`), once they were asked for
 *   call       the media of both sides (`Call`), from then on
 *   startedAt  when sound and picture first came through, epoch ms; `durationMs` when ended
 *   reason     why it ended: an end reason, or an error code of the protocol
 *   byMe       whether this page ended it
 *
 * Fires "change" whenever something of it has changed.
 */
export class Phone extends EventTarget {
  line = null;
  #crossed = null; // a call that came in while our own was on its way out
  #socket;
  #outbox;
  #refreshIce;

  /** `refreshIce()` promises fresh ICE servers, or null. */
  constructor(socket, refreshIce) {
    super();
    this.#socket = socket;
    this.#refreshIce = refreshIce;
    this.#outbox = new Outbox(socket, (callId) => this.#gone(callId));
    socket.on("call:incoming", (event) => this.#incoming(event));
    socket.on("call:ringing", (event) => this.#update(event, { ringing: true }));
    socket.on("call:accepted", (event) => this.#accepted(event));
    socket.on("call:rejected", (event) => this.#ended(event));
    socket.on("call:ended", (event) => this.#ended(event));
    socket.on("ice:servers", (ice) => this.line?.call?.configure(ice));
    socket.on("disconnect", () => this.#disconnected());
  }

  get busy() {
    return this.line !== null && this.line.state !== "ended";
  }

  /** Takes the answer to `user:join`: the user's live calls. */
  joined({ calls }) {
    const { call, callId } = this.line ?? {};
    if (calls.some((live) => live.callId === callId)) call?.resume();
    else if (callId) this.#gone(callId);
    this.#outbox.resume();
  }

  /** Calls somebody. The devices come first: nobody is rung for a person who is still asked. */
  async dial(peer, callType) {
    if (this.busy) return;
    const line = { state: "outgoing", role: "caller", peer, callType };
    this.#show(line);
    try {
      if (!(await this.#openMedia(line, callType === "video"))) return;
      const initiated = await this.#socket.request("call:initiate", { to: peer.id, callType });
      line.callId = initiated.callId;
      if (this.line !== line || !this.busy) return this.#say("call:end", line); // hung up meanwhile
      this.#crossed = null;
      this.#startMedia(line, initiated);
    } catch (error) {
      this.#finish(line, error.code ?? "error");
    }
  }

  /** Answers the incoming call, with or without this side's picture. It rings until then. */
  async accept({ video }) {
    const { line } = this;
    if (line?.state !== "incoming" || line.opening) return;
    const { callId } = line;
    try {
      if (!(await this.#openMedia(line, video))) return;
      this.#startMedia(line, line.ice); // listens already when the held offer comes
      this.#show(line, { state: "connecting-call" });
      await this.#socket.request("call:accept", { callId });
    } catch (error) {
      this.#finish(line, error.code ?? "error");
      if (error.code === "timeout") this.#say("call:end", line); // it may have been accepted
    }
  }

  reject() {
    this.#say("call:reject", this.line);
    this.#finish(this.line, "rejected", true);
  }

  hangUp() {
    const { line } = this;
    const { accepted, role, callId } = line;
    const unanswered = role === "caller" ? "cancelled" : "rejected";
    this.#finish(line, accepted ? "completed" : unanswered, true);
    if (callId) this.#say("call:end", line);
  }

  /** Hangs up, if there is a call, and waits for nothing: the page goes away. */
  leave() {
    if (this.busy) this.hangUp();
    this.#outbox.close();
  }

  /** Puts an ended call away. */
  dismiss() {
    if (!this.busy) this.#show(null);
  }

  #incoming({ callId, from, fromName, callType, ...ice }) {
    const peer = { id: from, name: fromName ?? from };
    const line = { state: "incoming", role: "callee", peer, callType, callId, ice };
    if (this.#supersedes(line)) this.#finish(this.line, "connection_lost");
    if (!this.busy) this.#show(line);
    else if (this.line.callId) this.#say("call:reject", line, { reason: "busy", scope: "device" });
    else this.#crossed = line;
  }

  /** Whether the peer of a call that the service has dropped calls anew. */
  #supersedes({ peer }) {
    return this.line?.call?.signalling === "lost" && this.line.peer.id === peer.id;
  }

  #accepted(event) {
    const state = this.line?.state === "outgoing" ? "connecting-call" : this.line?.state;
    this.#update(event, { state, accepted: true });
  }

  #ended({ callId, reason, durationMs }) {
    if (this.#crossed?.callId === callId) this.#crossed = null;
    if (this.line?.callId !== callId) return;
    if (UNHEARD.includes(reason)) this.#gone(callId, reason);
    else this.#finish(this.line, reason, false, durationMs);
  }

  #disconnected() {
    this.#outbox.pause();
    if (this.line?.startedAt) this.line.call.suspend();
    else if (this.line?.callId) this.#finish(this.line, "connection_lost");
  }

  /** The service has no such call any more: what once flowed may flow on. */
  #gone(callId, reason = "connection_lost") {
    if (!this.busy || this.line.callId !== callId) return;
    if (this.line.startedAt) this.line.call.orphan();
    else this.#finish(this.line, reason);
  }

  #startMedia(line, ice) {
    const { callId, callType, role, media } = line;
    const parts = { socket: this.#socket, outbox: this.#outbox, refreshIce: this.#refreshIce };
    const call = new Call({ ...parts, callId, callType, polite: role === "callee", media, ice });
    call.addEventListener("change", () => this.#mediaChanged(line));
    call.addEventListener("over", ({ detail }) => {
      this.#finish(line, detail);
      this.#say("call:end", line, detail === "media_failed" ? { reason: detail } : {});
    });
    this.#show(line, { call });
  }

  #mediaChanged(line) {
    if (line.call.pc.connectionState === "connected" && !line.startedAt) {
      Object.assign(line, { state: "in-call", startedAt: Date.now() });
    }
    this.#changed();
  }

  /** Whether the call still wants it when the person has said yes or no to microphone and camera. */
  async #openMedia(line, video) {
    this.#show(line, { opening: true });
    line.media = await LocalMedia.open({ video });
    line.opening = false;
    const wanted = this.line === line && this.busy;
    if (!wanted) line.media.close();
    this.#changed();
    return wanted;
  }

  #finish(line, reason, byMe = false, durationMs = Date.now() - line?.startedAt) {
    if (this.line !== line || !this.busy) return;
    if (line.call) line.call.close();
    else line.media?.close();
    Object.assign(line, { state: "ended", reason, byMe });
    line.durationMs = line.startedAt ? durationMs : 0;
    this.#show(this.#crossed ?? line); // now the call that crossed ours may ring
    this.#crossed = null;
  }

  #say(event, { callId }, extra) {
    this.#outbox.send(event, { callId, ...extra });
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
