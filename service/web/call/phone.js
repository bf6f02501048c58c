/** The one call this page is in, from the press of a button to the sentence it ends with. */

import { Call } from "./call.js";
import { Elsewhere } from "./elsewhere.js";
import { incomingLine, isMine, liveLine } from "./line.js";
import { LocalMedia } from "./media.js";

// The service has dropped the call, but nobody has hung up: media may go on.
const UNHEARD = ["connection_lost", "server_shutdown"];
const SAID_MS = 60_000; // what is said of a call that is over here is worth no longer wait
const REPLAY_MS = 2_000; // how long events of the past may come after a resume
const OVERTAKEN_MS = 300; // and how soon the end of a call follows its beginning among them

/**
 * `line` is the call, as line.js describes it, or null when there is none.
 *
 * Fires "change" whenever something of it has changed.
 */
export class Phone extends EventTarget {
  line = null;
  #elsewhere;
  #crossed = null; // a call that came in while our own was on its way out
  #session;
  #me;
  #wish;
  #ways; // how connections find their way: `refreshIce`, `iceTransportPolicy`
  #joined = { calls: [] };
  #joinedAt = 0;

  /**
   * `me` is this user's id. `wish` is what was switched on when the page before this one went away
   * in a call: `{microphone, camera}`. `refreshIce()` promises fresh ICE servers, or null; an
   * `iceTransportPolicy` outranks the service's.
   */
  constructor(session, { me, wish = {}, ...ways }) {
    super();
    this.#session = session;
    this.#me = me;
    this.#ways = ways;
    this.#elsewhere = new Elsewhere(session, me, () => this.#changed());
    this.#wish = wish;
    const handlers = {
      joined: (joined) => this.#resumed(joined),
      lost: () => this.#disconnected(),
      over: ({ code }) => this.#abandon(code),
      "call:incoming": (event) => this.#incoming(event),
      "call:ringing": (event) => this.#update(event, { ringing: true }),
      "call:accepted": (event) => this.#accepted(event),
      "call:rejected": (event) => this.#ended(event),
      "call:ended": (event) => this.#ended(event),
      "call:peer-reconnecting": (event) => this.#ours(event)?.call?.peerLeft(),
      "call:peer-reconnected": (event) => this.#ours(event)?.call?.peerReturned(event),
      "call:peer-moved": (event) => this.#ours(event)?.call?.peerReturned(event),
      "ice:servers": (ice) => this.line?.call?.configure(ice),
    };
    for (const [event, handler] of Object.entries(handlers)) session.on(event, handler);
  }

  get busy() {
    return this.line !== null && this.line.state !== "ended";
  }

  /** The call that goes on at another device of this person, as `user:joined` has it, or null. */
  get elsewhere() {
    return this.#elsewhere.live;
  }

  /** Calls somebody. The devices come first: nobody is rung for a person who is still asked. */
  async dial(peer, callType) {
    if (this.busy) return;
    const line = { state: "outgoing", role: "caller", peer, callType };
    this.#show(line);
    try {
      if (!(await this.#openMedia(line, callType === "video"))) return;
      const initiated = await this.#session.request("call:initiate", { to: peer.id, callType });
      if (initiated.glare) return this.#answerCrossed(line, initiated);
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
      await this.#session.request("call:accept", { callId });
    } catch (error) {
      this.#finish(line, error.code ?? "error");
      if (error.code === "timeout") this.#say("call:end", line); // it may have been accepted
    }
  }

  /** Brings the call that goes on elsewhere to this device. */
  async takeHere() {
    const live = await this.#elsewhere.look();
    if (this.busy || !live) return;
    const line = liveLine(live, this.#me);
    const { callId, moves } = live;
    this.#show(line);
    try {
      if (!(await this.#openMedia(line, line.callType === "video"))) return;
      const { generation } = await this.#session.request("call:move", { callId, moves });
      this.#startMedia(line, this.#joined, { generation });
    } catch (error) {
      this.#finish(line, error.code === "invalid_state" ? "cannot_move" : (error.code ?? "error"));
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

  /** Puts an ended call away. */
  dismiss() {
    if (!this.busy) this.#show(null);
  }

  /** Whether a page that is reloaded finds the call again. A call that still rings is not kept up. */
  get mayReturn() {
    return this.busy && this.line.state !== "outgoing" && this.#joined.resumeWindowMs > 0;
  }

  /** Leaves the call to the next page, with what was switched on: `{microphone, camera}`. */
  leave() {
    const { call, media } = this.line;
    const wish = media ? { microphone: media.isOn("audio"), camera: media.isOn("video") } : {};
    call?.close(); // the peer sees at once that nothing more comes
    return wish;
  }

  /** Takes the answer to `user:join`: the user's live calls. */
  #resumed(joined) {
    const { resumed, calls } = joined;
    this.#joined = joined;
    this.#joinedAt = Date.now();
    if (!this.busy) return this.#restore(calls.find((live) => isMine(live, this.#me)));
    const live = calls.find(({ callId }) => callId === this.line.callId);
    if (live && resumed !== "none") this.#goOn(live, resumed);
    // Of what was replayed, the end of the call is a part, and tells why.
    else if (this.line.callId && resumed !== "replayed") this.#gone(this.line);
    this.#changed();
  }

  #goOn(live, resumed) {
    const { line } = this;
    const { accepted, ringing } = liveLine(live, this.#me);
    if (resumed === "snapshot") Object.assign(line, { accepted, ringing });
    if (accepted && line.state === "outgoing") line.state = "connecting-call";
    line.call?.resume({ ...live, resumed });
  }

  /** Takes up the call of the page before this one: with new media, in a new generation. */
  #restore(live) {
    if (!live) return this.#changed();
    const line = liveLine(live, this.#me);
    const { microphone = true, camera = line.callType === "video" } = this.#wish;
    this.#show(line);
    const ready = this.#openMedia(line, camera).then(() => {
      const track = line.media.track("audio");
      if (track) track.enabled = microphone;
    });
    this.#startMedia(line, this.#joined, { ready, generation: live.generation });
  }

  #incoming(event) {
    const line = incomingLine(event);
    if (this.line?.callId === event.callId && this.busy) return; // it is shown already
    const past = this.#joined.resumed === "replayed" && Date.now() - this.#joinedAt < REPLAY_MS;
    const isLive = this.#joined.calls.some(({ callId }) => callId === event.callId);
    if (past && !isLive) this.#ringUnlessEnded(line);
    else this.#ring(line);
  }

  /** Rings for a call that has just begun, but not for one of the past, whose end follows at once. */
  #ringUnlessEnded(line) {
    const stop = this.#session.on("call:ended", ({ callId }) => {
      if (callId === line.callId) clearTimeout(timer);
    });
    const timer = setTimeout(() => this.#ring(line), OVERTAKEN_MS);
    setTimeout(stop, OVERTAKEN_MS);
  }

  #ring(line) {
    if (this.#supersedes(line)) this.#finish(this.line, "connection_lost");
    if (!this.busy) this.#show(line);
    else if (this.line.callId) this.#say("call:reject", line, { reason: "busy", scope: "device" });
    else this.#crossed = line;
  }

  /** Whether the peer of a call that the service has dropped calls anew. */
  #supersedes({ peer }) {
    return this.line?.call?.signalling === "lost" && this.line.peer.id === peer.id;
  }

  /** Two have called each other at once: the call that was first is the one that both are in. */
  #answerCrossed(line, { callId, generation }) {
    line.callId = callId;
    if (this.line !== line || !this.busy) return this.#say("call:end", line);
    const ice = this.#crossed?.ice ?? this.#joined;
    this.#crossed = null;
    Object.assign(line, { role: "callee", accepted: true, state: "connecting-call" });
    this.#startMedia(line, ice, { generation });
  }

  #accepted(event) {
    const line = this.#ours(event);
    if (!line) return;
    line.call?.follow({ generation: event.generation });
    this.#show(line, { accepted: true, ...(line.state === "outgoing" && { state: "connecting-call" }) });
  }

  #ended({ callId, reason, durationMs }) {
    const { line } = this;
    if (this.#crossed?.callId === callId) this.#crossed = null;
    if (line?.callId !== callId) return;
    if (UNHEARD.includes(reason)) this.#gone(line, reason);
    else this.#finish(line, reason, false, durationMs);
  }

  #disconnected() {
    this.line?.call?.suspend();
    this.#changed();
  }

  /** The session is over: what flows may flow on, unless another page has the call now. */
  #abandon(code) {
    if (!this.busy) return;
    if (code === "session_replaced") this.#finish(this.line, "moved");
    else this.#gone(this.line, code);
  }

  /** The service has no such call any more: what once flowed may flow on. */
  #gone(line, reason = "connection_lost") {
    if (!this.busy || this.line !== line) return;
    if (line.startedAt) line.call.orphan();
    else this.#finish(line, reason);
  }

  #startMedia(line, ice, { ready = Promise.resolve(), generation = 0 } = {}) {
    const { callId, callType, role, media } = line;
    const call = new Call({
      ...{ callId, callType, media, ready, ice, generation, ...this.#ways },
      session: this.#session,
      polite: role === "callee",
      windowMs: this.#joined.resumeWindowMs,
    });
    call.addEventListener("change", () => this.#mediaChanged(line));
    call.addEventListener("gone", () => this.#gone(line));
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
    line.media = new LocalMedia();
    this.#show(line, { opening: true });
    await line.media.open({ video });
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

  /** Says it even if that takes a reconnect; whether it helped concerns nobody any more. */
  #say(event, { callId }, extra) {
    const said = this.#session.request(event, { callId, ...extra }, { within: SAID_MS, insist: true });
    said.catch(({ code, message }) => console.debug(`ringline: ${event}: ${code}: ${message}`));
  }

  #ours({ callId }) {
    return this.busy && this.line.callId === callId ? this.line : null;
  }

  #update(event, changes) {
    if (this.#ours(event)) this.#show(this.line, changes);
  }

  #show(line, changes) {
    this.line = line && Object.assign(line, changes);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
