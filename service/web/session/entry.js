/** One event on its way to the service, until it is answered or given up. */
export class Entry {
  promise;
  resolve;
  reject;
  isRelay = false;
  insists = false; // is sent again after a refusal that may pass
  yields = false; // comes behind the others when there are too many
  n = null; // the number of a relay, once it has one
  attempt = null; // what was sent last; null when it is to be sent
  timer; // its deadline
  #numbers = {};

  constructor(event, payload) {
    this.event = event;
    this.payload = payload;
    this.promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
  }

  number(epoch, n) {
    this.n = n;
    this.#numbers = { epoch, n };
  }

  /** What to send now: another object each time, so that its answer can be told from earlier ones. */
  begin() {
    this.attempt = { ...this.payload, ...this.#numbers };
    return this.attempt;
  }

  /** It has to be sent again. */
  forgetAttempt() {
    this.attempt = this.n = null;
    this.#numbers = {};
  }
}
