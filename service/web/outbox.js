/** What this client has to say in its calls: in order, in few messages, and none of it lost. */

const MAX_BATCH = 32; // candidates in one event, as the protocol bounds it
const BATCH_MS = 20; // a machine finds its candidates in bursts
const RETRY_MS = 1_000;
const UNCERTAIN = ["offline", "connection_lost", "timeout"]; // nobody knows whether it arrived
// The service carries this call no longer, or not for this session.
const GONE = ["call_not_found", "call_ended", "not_participant"];
const LATEST = ["call:signal", "call:media"]; // tell a state: what is older needs no telling

/**
 * Sends one event at a time, the next one when the last was acknowledged. What is refused for now
 * (`rate_limited`, a lost connection) is sent again after `retryAfterMs`.
 * It begins paused: the service takes nothing before `user:join`.
 */
export class Outbox {
  #socket;
  #gone;
  #waiting = []; // [event, payload]
  #paused = true;
  #sending = false;

  /** `gone(callId)` is called when the service has no such call, or not for this session. */
  constructor(socket, gone) {
    this.#socket = socket;
    this.#gone = gone;
  }

  /** Sends an event about `payload.callId` when those before it were taken. */
  send(event, payload) {
    if (LATEST.includes(event)) this.#drop((other) => other === event);
    this.#waiting.push([event, payload]);
    this.#flush();
  }

  /** Sends a candidate, with those that wait; `null` is the end of them (RFC 8838, section 13). */
  sendCandidate(candidate, callId) {
    const last = this.#waiting.at(-1);
    if (hasRoom(last, callId)) last[1].candidates.push(candidate);
    else this.#waiting.push(["ice:candidate", { candidates: [candidate], callId }]);
    this.#flush();
  }

  /** Takes back what waits for a call. */
  forget(callId) {
    this.#drop((_event, payload) => payload.callId === callId);
  }

  /** Keeps everything: the session is gone. */
  pause() {
    this.#paused = true;
  }

  /** Goes on: there is a session again. */
  resume() {
    this.#paused = false;
    this.#flush();
  }

  /** Sends what waits at once, in order, for nobody stays to hear the answers: the page goes away. */
  close() {
    for (const message of this.#waiting.splice(0)) this.#socket.emit(...message);
  }

  async #flush() {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#waiting.length && !this.#paused) {
      if (this.#waiting[this.#first()][0] === "ice:candidate") await wait(BATCH_MS);
      const [message] = this.#waiting.splice(this.#first(), 1);
      if (message) await this.#sendOne(message);
    }
    this.#sending = false;
  }

  /** Candidates come last: beyond the limit for one offer they wait for the next. */
  #first() {
    return Math.max(0, this.#waiting.findIndex(([event]) => event !== "ice:candidate"));
  }

  async #sendOne(message) {
    const [event, { callId }] = message;
    const error = await this.#socket.request(...message).then(() => null, (refusal) => refusal);
    if (error && (error.retryable || UNCERTAIN.includes(error.code))) {
      this.#waiting.unshift(message);
      await wait(error.retryAfterMs ?? RETRY_MS);
    } else if (GONE.includes(error?.code)) {
      this.forget(callId);
      this.#gone(callId);
    } else if (error) console.warn(`ringline: ${event}:`, error);
  }

  #drop(pointless) {
    this.#waiting = this.#waiting.filter((message) => !pointless(...message));
  }
}

function hasRoom([event, { callId, candidates }] = [null, {}], wanted) {
  return event === "ice:candidate" && callId === wanted && candidates.length < MAX_BATCH;
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
