/** Tells those who listen what has happened, by the event's name, in the order they began to. */
export class Emitter {
  #handlers = new Map(); // event -> Set of functions

  /** Calls `handler` with the payload of every such event; returns what stops that. */
  on(event, handler) {
    if (!this.#handlers.has(event)) this.#handlers.set(event, new Set());
    this.#handlers.get(event).add(handler);
    return () => this.#handlers.get(event).delete(handler);
  }

  /** For those who inherit. */
  tell(event, payload) {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler(payload);
  }
}
