/** The way back to a session, kept for the page that comes after this one in the same tab. */

const UNLOADING_MS = 1_000; // a page that is reloaded finds the lock still held by itself
const ASKING_MS = 300; // for the answers of other tabs where there are no locks

/**
 * A tab that is duplicated copies what is stored, so each tab has to claim a session before it uses
 * it: by a lock that is named after the session (Web Locks API), or, where the browser has none, by
 * asking the other tabs.
 */
export class Claim {
  ticket = null; // {sessionId, resumeToken}, or null: this is to be a new session
  #key;
  #letGo = () => {};

  /** `key` is the name under which sessionStorage has it. */
  constructor(key) {
    this.#key = key;
  }

  /** What the page before this one has left, unless another tab has it. */
  static async made(key) {
    const claim = new Claim(key);
    const stored = JSON.parse(sessionStorage.getItem(key) ?? "null");
    if (stored && (await claim.#hold(stored.sessionId))) claim.ticket = stored;
    return claim;
  }

  /** Keeps a new ticket; null when the session is not to be resumed. */
  keep(ticket) {
    if (ticket && ticket.sessionId !== this.ticket?.sessionId) {
      this.#letGo();
      this.#hold(ticket.sessionId);
    }
    this.ticket = ticket || null;
    if (ticket) sessionStorage.setItem(this.#key, JSON.stringify(ticket));
    else this.forget();
  }

  /** Gives the session up. */
  forget() {
    this.ticket = null;
    sessionStorage.removeItem(this.#key);
    this.#letGo();
  }

  /** Whether the session is this tab's now. */
  #hold(sessionId) {
    const name = `${this.#key}.${sessionId}`;
    return navigator.locks ? this.#lock(name) : this.#ask(name);
  }

  #lock(name) {
    const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
    const how = reloaded ? { signal: AbortSignal.timeout(UNLOADING_MS) } : { ifAvailable: true };
    return new Promise((settle) => {
      const held = (lock) => {
        settle(lock !== null);
        if (lock) return new Promise((letGo) => (this.#letGo = letGo));
      };
      navigator.locks.request(name, how, held).catch(() => settle(false));
    });
  }

  /** Of two tabs that ask at once, the one whose mark is smaller has it. */
  async #ask(name) {
    const mark = crypto.randomUUID();
    const channel = new BroadcastChannel(name);
    let holds = false;
    let taken = false;
    channel.onmessage = ({ data: { asks, has } }) => {
      if (asks && (holds || mark < asks)) channel.postMessage({ has: asks });
      if (has === mark) taken = true;
    };
    channel.postMessage({ asks: mark });
    await new Promise((resolve) => setTimeout(resolve, ASKING_MS));
    holds = !taken;
    if (holds) this.#letGo = () => channel.close();
    else channel.close();
    return holds;
  }
}
