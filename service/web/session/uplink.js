/** What a session has to say: in the order said, each once, and none of it lost with a connection. */

import { Entry } from "./entry.js";
import { ServerError } from "./server_error.js";

const PACE_MS = 20; // at most 50 a second, so that what is sent again meets no rate limit
const RETRY_MS = 1_000;
const MOST = 1_024; // what may wait at a time

/**
 * The one list of control events without an answer and of relays without a confirmation. Control
 * events have a `requestId`, relays an `epoch` and a number `n`: so the service takes a repeat for
 * what it is, and everything may be sent again after a lost connection.
 *
 * It begins closed: the service takes nothing before `user:join`.
 */
export class Uplink {
  #socket;
  #list = []; // Entries, in the order to send
  #epoch = null; // null while relays have no numbers
  #n = 0; // of the relay that was sent last
  #open = false;
  #resting = false; // the service has asked to wait
  #pumping = false;

  constructor(socket) {
    this.#socket = socket;
  }

  /**
   * Sends a control event and promises its answer; a ServerError is thrown for a refusal, and when
   * there is none `within` so many ms: `timeout` if it was sent, else `offline`. With `insist` it is
   * sent again after a refusal that is `retryable`.
   */
  control(event, payload, { within, insist = false }) {
    const entry = new Entry(event, { requestId: crypto.randomUUID(), ...payload });
    entry.insists = insist;
    entry.timer = setTimeout(() => this.#give(entry, late(entry)), within);
    return this.#add(entry);
  }

  /**
   * Sends a relay and promises its confirmation, or throws a ServerError. What `yields` comes last
   * after a `rate_limited`: candidates beyond the limit for one offer wait for the next.
   */
  relay(event, payload, { yields = false } = {}) {
    const entry = new Entry(event, payload);
    Object.assign(entry, { isRelay: true, yields });
    return this.#add(entry);
  }

  /** Gives up the relays whose payload is `pointless(payload)`. */
  forget(pointless) {
    this.#drop((entry) => entry.isRelay && pointless(entry.payload));
  }

  /** The session goes on behind the relays up to `lastN`: what is left is sent again. */
  resume(lastN) {
    this.confirm(lastN);
    this.#again(lastN, this.#list);
  }

  /** The session goes on in another epoch, in which the relays so far are void. */
  restart(epoch) {
    this.#drop((entry) => entry.isRelay);
    this.#epoch = epoch;
    this.#again(0, this.#list);
  }

  /** The service knows nothing of the session any more. */
  giveUp() {
    this.#drop(() => true);
  }

  /** The service has had the relays up to `lastN`. */
  confirm(lastN) {
    for (const entry of this.#list.filter(({ n }) => n !== null && n <= lastN)) this.#take(entry, {});
  }

  open() {
    this.#open = true;
    this.#pump();
  }

  /** Keeps everything: there is no connection. */
  close() {
    this.#open = false;
  }

  #add(entry) {
    if (this.#list.length < MOST) this.#list.push(entry);
    else this.#give(entry, new ServerError({ code: "overflow", message: "Too much waits." }));
    this.#pump();
    return entry.promise;
  }

  /** Sends what waits at once, in order, for nobody stays to hear the answers. */
  flush() {
    for (let next; (next = this.#next()); ) this.#send(next);
  }

  async #pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let next; (next = this.#next()); await wait(PACE_MS)) this.#send(next);
    this.#pumping = false;
  }

  #next() {
    return this.#open && !this.#resting && this.#list.find(({ attempt }) => !attempt);
  }

  async #send(entry) {
    if (entry.isRelay && this.#epoch !== null) entry.number(this.#epoch, ++this.#n);
    const attempt = entry.begin();
    const answer = this.#socket.request(entry.event, attempt);
    await answer.then(
      (fields) => this.#take(entry, fields),
      // Of an attempt before the last nothing is learnt.
      (error) => entry.attempt === attempt && this.#list.includes(entry) && this.#refused(entry, error),
    );
  }

  #refused(entry, error) {
    if (!this.#socket.connected) return; // nobody knows whether it arrived: the next join tells
    if (error.code === "timeout") return this.#socket.retry();
    if (error.lastN !== undefined) return this.#again(error.lastN, this.#relays); // a number is missing
    const passes = entry.isRelay ? error.code === "rate_limited" : entry.insists && error.retryable;
    if (passes) this.#later(entry, error.retryAfterMs ?? RETRY_MS);
    else this.#give(entry, error);
  }

  /** Sends it later, and the relays behind it too: its number is still free, so theirs are no good. */
  async #later(entry, ms) {
    const relays = this.#relays;
    const again = entry.isRelay ? relays.slice(relays.indexOf(entry)) : [entry];
    this.#list = this.#list.filter((other) => !again.includes(other));
    this.#list.push(...again.filter(({ yields }) => !yields), ...again.filter(({ yields }) => yields));
    this.#again(entry.isRelay ? entry.n - 1 : this.#n, again);
    this.#resting = true;
    await wait(ms);
    this.#resting = false;
    this.#pump();
  }

  /** Has entries sent again, the next relay with the number behind `lastN`. */
  #again(lastN, entries) {
    this.#n = lastN;
    for (const entry of entries) entry.forgetAttempt();
  }

  get #relays() {
    return this.#list.filter(({ isRelay }) => isRelay);
  }

  #take(entry, answer) {
    this.#remove(entry);
    entry.resolve(answer);
  }

  #give(entry, error) {
    this.#remove(entry);
    entry.reject(error);
  }

  #drop(pointless) {
    const error = new ServerError({ code: "session_lost", message: "It was given up." });
    for (const entry of this.#list.filter(pointless)) this.#give(entry, error);
  }

  #remove(entry) {
    clearTimeout(entry.timer);
    this.#list = this.#list.filter((other) => other !== entry);
  }
}

function late({ event, attempt }) {
  const code = attempt ? "timeout" : "offline";
  return new ServerError({ code, message: `No answer to ${event}.` });
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
