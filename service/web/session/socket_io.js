/** socket.io-client in the shape of `Socket`, for a `Session` in an app that has it already. */

import { Emitter } from "./emitter.js";
import { ServerError } from "./server_error.js";

const PATIENCE_MS = 10_000;

/**
 * Nothing is ever in the library's own buffer, which it sends before the `connect` handlers run and
 * so before the join: what is said without a connection is for the session to keep.
 */
export class SocketIo extends Emitter {
  onevent = () => {};
  #io;

  /** `io` is made with `{autoConnect: false, auth: (give) => …}`, so that each connect has a fresh token. */
  constructor(io) {
    super();
    this.#io = io;
    io.onAny((event, payload) => this.onevent(event, payload));
    io.on("connect", () => this.tell("connect"));
    io.on("disconnect", () => this.tell("disconnect"));
    io.on("connect_error", ({ message, data }) => {
      this.tell("connect_error", new ServerError({ message, ...data }));
    });
  }

  get connected() {
    return this.#io.connected;
  }

  open() {
    this.#io.connect();
  }

  emit(event, payload) {
    if (this.connected) this.#io.emit(event, payload);
  }

  async request(event, payload, patienceMs = PATIENCE_MS) {
    if (!this.connected) throw new ServerError({ code: "offline", message: "No connection." });
    const asked = this.#io.timeout(patienceMs).emitWithAck(event, payload);
    const answer = await asked.catch(({ message }) => {
      const code = this.connected ? "timeout" : "connection_lost";
      return { ok: false, error: { code, message } };
    });
    if (answer.ok) return answer;
    throw new ServerError(answer.error);
  }

  /** Not `disconnect()`: that leaves for good, and ends the session. */
  retry() {
    this.#io.io.engine.close();
  }

  /** The library chooses its moment itself. */
  hurry() {}

  close() {
    this.#io.disconnect();
  }
}
