/**
 * A refusal with the protocol's stable `code`, and whatever else the server said with it. This
 * side's own codes: `offline`, `connection_lost` and `timeout`, after which nobody knows whether the
 * event has arrived; `session_lost`, when what waited was given up with its session.
 */
export class ServerError extends Error {
  constructor({ message, ...details }) {
    super(message);
    Object.assign(this, details);
  }
}
