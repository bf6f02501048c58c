/** One call of this page, from the press of a button to the sentence it ends with. */

import { Call } from "./call.js";
import { isAccepted } from "./live.js";
import { LocalMedia } from "./media.js";
import { say } from "./say.js";

// The service has dropped the call, but nobody has hung up: media may go on.
const UNHEARD = ["connection_lost", "server_shutdown"];

/** It follows what the service tells of the call, and fires "change" with each change of it. */
export class Line extends EventTarget {
  state; // outgoing · incoming · connecting-call · in-call · ended
  role; // caller · callee
  peer; // {id, name}
  callType; // audio · video
  callId; // once the service has given one
  ice; // the ICE servers of `call:incoming`
  bound = false; // whether the service has given the call to this page
  accepted = false; // whether a device of the callee has accepted
  opening = false; // while microphone and camera are asked for
  ringing = false; // whether a device of the callee has it
  media = null; // this side's microphone and camera (`LocalMedia`), once they were asked for
  call = null; // the media of both sides (`Call`), from then on
  startedAt = null; // when sound and picture first came through, epoch ms
  durationMs = 0; // how long they did, once it has ended
  reason; // why it ended: an end reason, or an error code of the protocol
  byMe = false; // whether this page ended it
  #session;
  #ways;
  #stops;

  /**
   * `known` are the fields so far. `ways` is how connections find their way: `refreshIce`,
   * `iceTransportPolicy`.
   */
  constructor(known, { session, ways }) {
    super();
    this.#session = session;
    this.#ways = ways;
    Object.assign(this, known);
    const own = (handler) => (event) => event.callId === this.callId && handler(event);
    const handlers = {
      joined: (joined) => this.#rejoined(joined),
      over: ({ code }) => (code === "session_replaced" ? this.finish("moved") : this.#gone(code)),
      "ice:servers": (ice) => this.call?.configure(ice),
      "call:ringing": own(() => this.update({ ringing: true })),
      "call:accepted": own((event) => this.#accepted(event)),
      "call:rejected": own((event) => this.#ended(event)),
      "call:ended": own((event) => this.#ended(event)),
    };
    this.#stops = Object.entries(handlers).map(([event, handler]) => session.on(event, handler));
  }

  get isOver() {
    return this.state === "ended";
  }

  update(changes) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event("change"));
  }

  /** Asks the service for a change of the call, and promises the fields of its answer. */
  ask(event, payload) {
    return this.#session.request(event, { callId: this.callId, ...payload });
  }

  /** Says it even if that takes a reconnect; whether it helped concerns nobody any more. */
  say(event, extra) {
    say(this.#session, event, { callId: this.callId, ...extra });
  }

  /** The service has given the call to this page; whether it is still wanted. */
  bind() {
    this.bound = true;
    if (this.isOver) this.say("call:end"); // hung up meanwhile
    return !this.isOver;
  }

  /** Promises whether the call is still wanted when the person has said yes or no to the devices. */
  async openMedia({ video }) {
    this.media = new LocalMedia();
    this.update({ opening: true });
    await this.media.open({ video });
    if (this.isOver) this.media.close();
    this.update({ opening: false });
    return !this.isOver;
  }

  /** Connects to the peer; `ready` is when the devices are open, if they are not yet. */
  startMedia({ ice, generation = 0, ready = Promise.resolve() }) {
    const { callId, callType, role, media } = this;
    const call = new Call({
      ...{ callId, callType, media, ready, ice, generation, ...this.#ways },
      session: this.#session,
      polite: role === "callee",
    });
    call.addEventListener("change", () => this.#mediaChanged());
    call.addEventListener("gone", () => this.#gone());
    call.addEventListener("over", ({ detail }) => this.#giveUp(detail));
    this.update({ call });
  }

  finish(reason, { byMe = false, durationMs = Date.now() - this.startedAt } = {}) {
    if (this.isOver) return;
    for (const stop of this.#stops) stop();
    if (this.call) this.call.close();
    else this.media?.close();
    this.update({ state: "ended", reason, byMe, durationMs: this.startedAt ? durationMs : 0 });
  }

  /** The media do not come back. */
  #giveUp(reason) {
    const { state } = this.call.signalling;
    this.finish(reason);
    // Who is away may have lost the call to another device: what is left of it ends on the return.
    if (state === "up") this.say("call:end", reason === "peer_left" ? {} : { reason });
  }

  /** The session is there again, with the user's live calls. */
  #rejoined({ resumed, calls }) {
    const live = calls.find(({ callId }) => callId === this.callId);
    const isElsewhere = live?.bound === "another";
    if (isElsewhere && this.bound) this.finish("moved");
    else if (isElsewhere && !this.accepted) this.finish("answered_elsewhere");
    else if (live && resumed !== "none") this.#goOn(live, resumed);
    // Of what was replayed, the end of the call is a part, and tells why.
    else if (this.callId && resumed !== "replayed") this.#gone();
  }

  #goOn(live, resumed) {
    const [accepted, ringing] = [isAccepted(live), live.state === "ringing"];
    if (accepted && this.state === "outgoing") this.state = "connecting-call";
    this.update(resumed === "snapshot" ? { accepted, ringing } : {});
    this.call?.resume({ ...live, resumed });
  }

  #accepted({ generation }) {
    this.call?.follow({ generation });
    this.update({ accepted: true, ...(this.state === "outgoing" && { state: "connecting-call" }) });
  }

  #ended({ reason, durationMs }) {
    if (UNHEARD.includes(reason)) this.#gone(reason);
    else this.finish(reason, { durationMs });
  }

  /** The service has no such call any more: what once flowed may flow on. */
  #gone(reason = "connection_lost") {
    if (this.isOver) return;
    if (this.startedAt) this.call.orphan();
    else this.finish(reason);
  }

  #mediaChanged() {
    const begins = this.call.pc.connectionState === "connected" && !this.startedAt;
    this.update(begins ? { state: "in-call", startedAt: Date.now() } : {});
  }
}
