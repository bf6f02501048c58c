/**
 * One device of a user at the service: a session that outlives its connections. What is said in it
 * arrives, in order and once, in both directions, as long as the service keeps the session.
 *
 * Its own events, beside those of the server:
 *
 *   joined   it is there, or there again; with the fields of `user:joined`. `resumed` tells what
 *            became of it: "replayed" (all that was missed follows), "snapshot" (what was missed is
 *            lost, `calls` is the truth, relays that waited are void) or "none" (a new session)
 *   lost     there is no connection; it tries on
 *   over     it is over for good, with a ServerError: `session_replaced`, `token_expired` …
 */

import { Downlink } from "./downlink.js";
import { Emitter } from "./emitter.js";
import { ServerError } from "./server_error.js";
import { Uplink } from "./uplink.js";

const PROBE_MS = 3_000;
const ANSWER_MS = 15_000; // a socket that gets no answer is given up before

export class Session extends Emitter {
  state = "opening"; // opening · joined · lost · over
  windowMs = 0; // how long the service waits for it after a lost connection; 0: it does not
  #socket;
  #who;
  #claim;
  #fresh; // whether what this page knew of the session went away with the page before it
  #socketId = null;
  #uplink;
  #downlink;

  /**
   * `socket` is a `Socket`, or a `SocketIo` around socket.io-client. `who` is `{userId, deviceId?}`.
   * `claim` keeps the way back to the session for a page that is reloaded.
   */
  constructor(socket, who, claim) {
    super();
    this.#socket = socket;
    this.#who = who;
    this.#claim = claim;
    this.#fresh = claim.ticket !== null;
    this.#uplink = new Uplink(socket);
    this.#downlink = new Downlink(() => socket.emit("session:ack", this.#acknowledgement));
    socket.onevent = (event, payload) => this.#received(event, payload);
    socket.on("connect", () => this.#join());
    socket.on("disconnect", () => this.#lost());
    socket.on("connect_error", (error) => error.retryable === false && this.#end(error));
  }

  open() {
    this.#socket.open();
  }

  /**
   * Asks for a change (`call:initiate`, `call:end` …) and promises the fields of the answer, or
   * throws a ServerError. It survives lost connections for `within` ms, by default for as long as the
   * service waits for the session; with `insist` it is also sent again after a refusal that may pass.
   */
  request(event, payload, { within = this.windowMs + ANSWER_MS, insist = false } = {}) {
    return this.#uplink.control(event, payload, { within, insist });
  }

  /** Sends something to the other side of a call; when `yields`, after what does not. */
  relay(event, payload, { yields = false } = {}) {
    return this.#uplink.relay(event, payload, { yields });
  }

  /** Gives up the relays of a call. */
  forget(callId) {
    this.#uplink.forget((payload) => payload.callId === callId);
  }

  /** Says something that may be lost with the connection, because "joined" will say it again. */
  emit(event, payload) {
    if (this.state === "joined") this.#socket.emit(event, payload);
  }

  /** Finds out whether the connection lives, when the network has changed: a dead one is dropped. */
  async probe() {
    if (this.state === "lost") return this.#socket.hurry();
    if (this.state !== "joined") return;
    const asked = this.#socket.request("session:ack", this.#acknowledgement, PROBE_MS);
    const code = await asked.then(() => null, (error) => error.code);
    if (code !== "timeout" || this.state !== "joined") return;
    this.#socket.retry();
    this.#socket.hurry();
  }

  /** Drops the connection: the page goes away, and another may take the session up. */
  detach() {
    this.#socket.retry();
    this.#socket.close();
  }

  /** Leaves at once and for good, when what waits has been sent. */
  close() {
    this.#uplink.flush();
    this.#claim.forget();
    this.#stop();
  }

  get #acknowledgement() {
    const { epoch, lastSeq } = this.#downlink;
    return { epoch, seq: lastSeq, socketId: this.#socketId };
  }

  async #join() {
    const asked = this.#socket.request("user:join", this.#introduction);
    const joined = await asked.catch((error) => this.#unjoined(error));
    if (joined) this.#joined(joined);
  }

  /** A ticket that the service does not take is worth nothing; without one the refusal is final. */
  #unjoined(error) {
    const { ticket } = this.#claim;
    if (error.code === "forbidden" && ticket) this.#claim.forget();
    else if (error.retryable === false) return this.#end(error);
    if (this.#socket.connected) this.#socket.retry();
  }

  get #introduction() {
    const { epoch, lastSeq } = this.#downlink;
    const resumable = { ...this.#who, features: ["resume"], epoch };
    const { ticket } = this.#claim;
    if (!ticket) return resumable;
    return { ...resumable, ...ticket, ...(this.#fresh ? { fresh: true } : { lastSeq }) };
  }

  #joined(joined) {
    const { sessionId, socketId, resumeToken, resumed, epoch = null, lastN } = joined;
    this.#socketId = socketId;
    this.windowMs = joined.resumeWindowMs;
    this.#fresh = false;
    if (resumed === "none") this.#uplink.giveUp();
    if (epoch !== this.#downlink.epoch || epoch === null) this.#uplink.restart(epoch);
    else this.#uplink.resume(lastN);
    this.#downlink.begin(epoch);
    this.#claim.keep(resumeToken && { sessionId, resumeToken });
    this.#downlink.confirm();
    this.state = "joined";
    this.tell("joined", joined);
    this.#uplink.open();
  }

  #received(event, payload) {
    if (event === "user:joined") return; // its acknowledgement came first
    if (event === "error" && payload.event === "user:join") return this.#end(new ServerError(payload));
    const what = this.#downlink.take(event, payload);
    if (what === "new") this.tell(event, payload);
    else if (what === "gap") this.#socket.retry(); // what is missing comes with the resume
  }

  #lost() {
    this.#uplink.close();
    this.#downlink.stop();
    if (this.state === "over") return;
    this.state = "lost";
    this.tell("lost");
  }

  #end(error) {
    if (error.code === "session_replaced") this.#claim.forget(); // it is another page's now
    this.#stop();
    this.tell("over", error);
  }

  #stop() {
    this.state = "over";
    this.#uplink.giveUp();
    this.#socket.close();
  }
}
