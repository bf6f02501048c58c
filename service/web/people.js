/** Whom this page watches: the demo's two, and whoever was added; kept for the next visit. */

const DEMO = ["alice", "bob"];

export class People {
  #me;
  #added;
  #status = new Map();

  constructor(me) {
    this.#me = me;
    this.#added = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
  }

  get ids() {
    return [...DEMO, ...this.#added].filter((id) => id !== this.#me);
  }

  /** `[{id, status, removable}]` in the order shown. */
  get list() {
    return this.ids.map((id) => ({
      id,
      status: this.#status.get(id),
      removable: this.#added.includes(id),
    }));
  }

  /** Whether this is somebody new. */
  add(id) {
    if (id === this.#me || this.ids.includes(id)) return false;
    this.#keep([...this.#added, id]);
    return true;
  }

  remove(id) {
    this.#keep(this.#added.filter((other) => other !== id));
  }

  /** Takes a `user:status`. */
  update({ userId, ...status }) {
    this.#status.set(userId, status);
  }

  /** Forgets who was online; what is shown of it would be a guess. */
  forget() {
    this.#status.clear();
  }

  get #key() {
    return `ringline.people.${this.#me}`;
  }

  #keep(added) {
    this.#added = added;
    localStorage.setItem(this.#key, JSON.stringify(added));
  }
}
