/** A `Socket` whose other end is the test: it sees what is sent, and says what is answered. */

import { Emitter } from "../../service/web/session/emitter.js";
import { ServerError } from "../../service/web/session/server_error.js";
import { Session } from "../../service/web/session/session.js";

export class ScriptedSocket extends Emitter {
  connected = true;
  retries = 0;
  sent = []; // [event, payload], as in `request` and `emit`
  #waiting = [];
  #seen = () => {};

  request(event, payload) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject: (fields) => reject(new ServerError(fields)) });
      this.emit(event, payload);
    });
  }

  emit(event, payload) {
    this.sent.push([event, payload]);
    this.#seen();
  }

  retry() {
    this.retries += 1;
  }

  close() {
    this.connected = false;
  }

  /** Answers the oldest request that waits. */
  async answer(fields = {}) {
    this.#waiting.shift().resolve(fields);
    await settled();
  }

  async refuse(fields) {
    this.#waiting.shift().reject(fields);
    await settled();
  }

  /** The connection is lost, with whatever waits for an answer. */
  async lose() {
    this.connected = false;
    this.tell("disconnect");
    for (const { reject } of this.#waiting.splice(0)) reject({ code: "connection_lost" });
    await settled();
  }

  /** Waits until so many were sent; the last of them. */
  async until(count) {
    while (this.sent.length < count) await new Promise((resolve) => (this.#seen = resolve));
    return this.sent.at(-1);
  }
}

/** A session at such a socket that has joined; `joined` are more fields of its `user:joined`. */
export async function joinedSession(joined = {}) {
  const socket = new ScriptedSocket();
  const claim = { ticket: null, keep() {}, forget() {} };
  const session = new Session(socket, { userId: "alice" }, claim);
  await rejoin(socket, { resumed: "none", ...joined });
  return { socket, session };
}

/** Has a session's socket connect, and its join answered. */
export async function rejoin(socket, joined) {
  socket.connected = true;
  socket.tell("connect");
  await socket.answer({ epoch: "e1", lastN: 0, resumeWindowMs: 30_000, calls: [], ...joined });
}

/** When everything that was to follow at once has happened. */
function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
