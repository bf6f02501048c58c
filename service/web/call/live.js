/** What the service tells of calls, as what is known of a `Line`. */

const TALKING = ["connecting", "connected"];

/** A call that somebody is asked to accept, from `call:incoming`. */
export function incoming({ callId, from, fromName, callType, ...ice }) {
  const peer = { id: from, name: fromName ?? from };
  return { state: "incoming", role: "callee", peer, callType, callId, ice };
}

/** A call of `me` that goes on, from the `calls` of `user:joined`. */
export function goingOn(live, me) {
  const { callId, from, to, fromName, callType, state } = live;
  const bound = live.bound === "this";
  const role = from === me ? "caller" : "callee";
  const peer = role === "caller" ? { id: to, name: to } : { id: from, name: fromName ?? from };
  const accepted = isAccepted(live);
  const shown = accepted ? "connecting-call" : "outgoing";
  return { state: shown, role, peer, callType, callId, bound, accepted, ringing: state === "ringing" };
}

/** Whether a live call is one that this page was in before it was reloaded. */
export function isMine(live, me) {
  return live.bound === "this" && (live.from === me || isAccepted(live));
}

/** Whether a live call is one that another device of this person has, and that can be moved. */
export function isElsewhere(live) {
  return live.bound === "another" && isAccepted(live);
}

/** Whether a device of the callee has accepted it. */
export function isAccepted({ state }) {
  return TALKING.includes(state);
}
