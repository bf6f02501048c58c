/** Everything the page says about calls, people and trouble, as sentences for the person. */

const TRY_LATER = "Try again in a moment.";

// Why a call ended → [title, detail]. `who` is the other person; `mine` is true when this side did it.
const ENDINGS = {
  completed: (who, mine) => ["Call ended", mine ? "" : `${who} hung up.`],
  cancelled: (who, mine) =>
    mine ? ["Call cancelled", ""] : ["Missed call", `${who} hung up before you answered.`],
  rejected: (who, mine) =>
    mine ? ["Call declined", `${who} has been told.`] : [`${who} declined`, "Perhaps later."],
  busy: (who) => [`${who} is in another call`, "Try again in a little while."],
  no_answer: (who, _mine, role) =>
    role === "caller" ? ["No answer", `${who} did not pick up.`] : ["Missed call", `${who} called.`],
  answered_elsewhere: () => ["Answered", "You took this call on another device."],
  rejected_elsewhere: () => ["Declined", "You declined this call on another device."],
  connect_timeout: () => ["The call did not start", "It was answered, but one side was never ready."],
  media_failed: () => [
    "No way through",
    "Neither sound nor picture found a path between your networks.",
  ],
  connection_lost: () => ["Connection lost", "One of you lost touch with the service."],
  server_shutdown: () => ["The service stopped", "It was shut down while you were talking."],
  admin_terminated: () => ["Call ended", "An administrator ended it."],
  max_duration: () => ["Time is up", "The call reached the longest time allowed here."],
  user_unavailable: (who) => [`${who} is not online`, "No device of theirs can ring now."],
  user_busy: (who) => ENDINGS.busy(who),
  already_in_call: () => ["One call at a time", "You are in a call on another device or page."],
  already_answered: () => ENDINGS.answered_elsewhere(),
  call_ended: () => ["Too late", "The call was over before it could be answered."],
  call_not_found: () => ENDINGS.call_ended(),
  rate_limited: () => ["Too many calls", "Wait a minute, then try again."],
  server_draining: () => ["The service is restarting", TRY_LATER],
  store_unavailable: () => ["The service is in trouble", TRY_LATER],
  token_expired: () => ["Your link has expired", "Open a new one to call again."],
  offline: () => ["Not connected", "The service cannot be reached now."],
  timeout: () => ["No reply", "The service took too long to answer."],
};

// What keeps the page from working → [title, detail, advice], with commands in backticks.
const TROUBLES = {
  media_refused: [
    "Microphone and camera are blocked",
    "The browser was told not to share them with this page.",
    "Allow them from the icon beside the address, then call again.",
  ],
  media_missing: [
    "No microphone found",
    "This device has none, or the browser cannot see it.",
    "Connect one, then call again.",
  ],
  media_in_use: [
    "The microphone is taken",
    "Another program is using it.",
    "Close that program, then call again.",
  ],
  insecure: [
    "This page needs HTTPS",
    "Browsers give camera and microphone to secure pages only, and to 127.0.0.1.",
    "Start the service with `make run LAN=1` and open the https link it prints.",
  ],
  token_expired: [
    "This link has expired",
    "The token in it was good for a limited time.",
    "Run `make run` again and open one of its new links.",
  ],
  unauthenticated: [
    "This link is not known here",
    "It was made by another run of the service, or is incomplete.",
    "Open one of the links that the running service printed.",
  ],
  too_many_sessions: [
    "Open in too many places",
    "One person can be here on ten devices at a time.",
    "Close this page on another device, then reload.",
  ],
};

/** `[title, detail]` for a line that has ended. */
export function endingOf({ reason, peer, byMe, role }) {
  const sentence = ENDINGS[reason] ?? (() => ["Something went wrong", TRY_LATER]);
  return sentence(peer.name, byMe, role);
}

/** `[title, detail, advice]` for a code that stops the page, or a call before it began. */
export function troubleOf(code, message = "The service refused this page.") {
  return TROUBLES[code] ?? ["It does not work like this", message, "Reload the page to try again."];
}

/** What a line is doing, in a few words. */
export function captionOf({ state, callType, ringing }) {
  if (state === "incoming") return `Incoming ${callType} call`;
  if (state === "outgoing") return ringing ? "Ringing…" : "Calling…";
  return state === "connecting-call" ? "Connecting…" : "";
}

/** What is known of a person: `{isOnline, isInCall, lastSeenAt}`, or nothing yet. */
export function presenceOf(status) {
  if (!status) return "…";
  if (status.isInCall) return "In a call";
  if (status.isOnline) return "Online";
  return status.lastSeenAt ? `Seen ${ago(status.lastSeenAt)}` : "Offline";
}

/** "2:05", "1:02:05". */
export function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(s).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

function ago(then) {
  const minutes = Math.max(0, Math.round((Date.now() - then) / 60_000));
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
  if (minutes < 1) return "just now";
  if (minutes < 60) return format.format(-minutes, "minute");
  if (minutes < 1_440) return format.format(-Math.round(minutes / 60), "hour");
  return format.format(-Math.round(minutes / 1_440), "day");
}
