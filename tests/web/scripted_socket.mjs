/** A `Socket` whose other end is the test: it sees what is sent, and says what is answered. */

import { ServerError } from "../../service/web/session/server_error.js";

export class ScriptedSocket {
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
    for (const { reject } of this.#waiting.splice(0)) reject({ code: "connection_lost" });
    await settled();
  }

  /** Waits until so many were sent; the last of them. */
  async until(count) {
    while (this.sent.length < count) await new Promise((resolve) => (this.#seen = resolve));
    return this.sent.at(-1);
  }
}

/** When everything that was to follow at once has happened. */
function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
