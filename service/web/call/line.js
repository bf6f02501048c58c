/**
 * What is known of one call:
 *
 *   state      outgoing · incoming · connecting-call · in-call · ended
 *   role       caller · callee
 *   peer       {id, name}
 *   callType   audio · video
 *   callId     once the service has given one
 *   accepted   whether a device of the callee has accepted
 *   opening    while microphone and camera are asked for
 *   ringing    whether a device of the callee has it
 *   media      this side's microphone and camera (`LocalMedia`), once they were asked for
 *   call       the media of both sides (`Call`), from then on
 *   startedAt  when sound and picture first came through, epoch ms; `durationMs` when ended
 *   reason     why it ended: an end reason, or an error code of the protocol
 *   byMe       whether this page ended it
 */

const TALKING = ["connecting", "connected"];

/** A call that somebody is asked to accept, from `call:incoming`. */
export function incomingLine({ callId, from, fromName, callType, ...ice }) {
  const peer = { id: from, name: fromName ?? from };
  return { state: "incoming", role: "callee", peer, callType, callId, ice };
}

/** A call of `me` that goes on, from the `calls` of `user:joined`. */
export function liveLine({ callId, from, to, fromName, callType, state }, me) {
  const role = from === me ? "caller" : "callee";
  const peer = role === "caller" ? { id: to, name: to } : { id: from, name: fromName ?? from };
  const accepted = TALKING.includes(state);
  const shown = accepted ? "connecting-call" : "outgoing";
  return { state: shown, role, peer, callType, callId, accepted, ringing: state === "ringing" };
}

/** Whether a live call is one that this page was in before it was reloaded. */
export function isMine({ bound, from, state }, me) {
  return bound === "this" && (from === me || TALKING.includes(state));
}
