/**
 * A Socket.IO v5 client over Engine.IO v4: WebSocket only, text only, namespace "/".
 *
 * It comes back by itself after a lost connection or a refused handshake (HTTP 503 while the
 * server drains or is full), later each time and never in step with others. It stays away after a
 * refusal that retrying cannot mend (CONNECT_ERROR with `retryable: false`), after a DISCONNECT of
 * the server, and after `close()`.
 *
 * Its own events are "connect", "disconnect" and "connect_error"; those of the server go to
 * `onevent(name, payload)`.
 */

import { Emitter } from "./emitter.js";
import { ServerError } from "./server_error.js";

const PATIENCE_MS = 10_000; // for the handshake, and for each answer
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 8_000; // well within the resume window, of 30 s
const STEADY_MS = 10_000; // a connection that lasted so long was a good one

export class Socket extends Emitter {
  connected = false;
  onevent = () => {};
  #url;
  #auth;
  #ws = null;
  #requests = new Map(); // acknowledgement id -> what settles it
  #lastRequest = 0;
  #attempts = 0;
  #since = Infinity; // when this connection was accepted
  #silence = PATIENCE_MS; // longest the server may say nothing
  #watchdog;
  #retry = null; // the timer of the next try

  /**
   * `url` is the service's address (http or https). `auth()` gives, or promises, what CONNECT
   * carries: `{token}`, which must be fresh each time; when it fails, the next try follows later.
   */
  constructor(url, auth) {
    super();
    this.#url = new URL("socket.io/?EIO=4&transport=websocket", url);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#auth = auth;
  }

  open() {
    this.#cancelRetry();
    this.#silence = PATIENCE_MS;
    this.#ws = new WebSocket(this.#url);
    this.#ws.onmessage = ({ data }) => this.#received(data);
    this.#ws.onclose = () => this.#lost();
    this.#expectSomething();
  }

  /** Sends an event, if there is a connection. */
  emit(event, payload) {
    if (this.connected) this.#ws.send(`42${JSON.stringify([event, payload])}`);
  }

  /** Sends an event and waits for its answer: the fields of `{ok: true, …}`, or a ServerError. */
  request(event, payload, patienceMs = PATIENCE_MS) {
    return new Promise((resolve, reject) => {
      if (!this.connected) throw new ServerError({ code: "offline", message: "No connection." });
      const id = ++this.#lastRequest;
      const settle = (answer) => {
        clearTimeout(timer);
        this.#requests.delete(id);
        if (answer.ok) resolve(answer);
        else reject(new ServerError(answer.error));
      };
      const late = { ok: false, error: { code: "timeout", message: `No answer to ${event}.` } };
      const timer = setTimeout(settle, patienceMs, late);
      this.#requests.set(id, settle);
      this.#ws.send(`42${id}${JSON.stringify([event, payload])}`);
    });
  }

  /** Drops the connection, unheard, and comes back later: it is dead, or the server is busy. */
  retry() {
    this.#lost();
  }

  /** Comes back at once, if it waits to: the network is there again. */
  hurry() {
    if (this.#retry) this.open();
  }

  /** Leaves for good, and says so: the server need not wait for a return. */
  close() {
    if (this.connected) this.#ws.send("41");
    this.#hangUp();
  }

  #received(frame) {
    this.#expectSomething();
    const packet = frame.slice(1);
    if (frame[0] === "0") this.#opened(JSON.parse(packet));
    else if (frame[0] === "2") this.#ws.send(`3${packet}`); // ping, pong
    else if (frame[0] === "4") this.#message(packet);
    else if (frame[0] === "1") this.#lost();
  }

  async #opened({ pingInterval, pingTimeout }) {
    this.#silence = pingInterval + pingTimeout;
    this.#expectSomething();
    const ws = this.#ws;
    try {
      const auth = await this.#auth();
      if (ws === this.#ws) ws.send(`40${JSON.stringify(auth)}`);
    } catch (error) {
      console.warn("ringline: no token:", error);
      if (ws === this.#ws) this.#lost();
    }
  }

  #message(packet) {
    const [, type, id, body] = /^(\d)(\d*)(.*)$/s.exec(packet);
    const data = body && JSON.parse(body);
    if (type === "0") this.#accepted();
    else if (type === "1") this.#hangUp();
    else if (type === "2") this.onevent(...data);
    else if (type === "3") this.#requests.get(Number(id))?.(data[0]);
    else if (type === "4") this.#refused(data);
  }

  #accepted() {
    this.connected = true;
    this.#since = Date.now();
    this.tell("connect");
  }

  #refused({ message, data }) {
    const error = new ServerError({ message, ...data });
    if (error.retryable === false) this.#hangUp();
    else this.#lost();
    this.tell("connect_error", error);
  }

  #lost() {
    if (Date.now() - this.#since > STEADY_MS) this.#attempts = 0;
    this.#since = Infinity;
    this.#hangUp();
    const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts++);
    this.#retry = setTimeout(() => this.open(), backoff * (0.5 + Math.random() / 2));
  }

  /** Forgets this connection at once: the close handshake with a dead server takes a minute. */
  #hangUp() {
    clearTimeout(this.#watchdog);
    this.#cancelRetry();
    this.#ws.onmessage = this.#ws.onclose = null;
    this.#ws.close();
    const error = { code: "connection_lost", message: "The connection was lost." };
    for (const settle of this.#requests.values()) settle({ ok: false, error });
    if (!this.connected) return;
    this.connected = false;
    this.tell("disconnect");
  }

  #cancelRetry() {
    clearTimeout(this.#retry);
    this.#retry = null;
  }

  #expectSomething() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), this.#silence);
  }
}
