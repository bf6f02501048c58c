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
  connection_lost: () => ["Connection lost", "One of you lost the connection to the service."],
  error: () => ["Something went wrong", TRY_LATER],
  moved: () => ["The call moved", "It goes on where you took it."],
  cannot_move: (who) => ["It stays where it is", `What ${who} uses cannot follow to another device.`],
  session_lost: () => ENDINGS.connection_lost(),
  peer_left: (who) => ["Call ended", `${who} left the call.`],
  server_shutdown: () => ["The service stopped", "It was shut down during the call."],
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

// Why a device of this side is missing → what the browser says of it.
const MISSING = {
  media_refused: (device) => `The browser blocks your ${device}.`,
  media_missing: (device) => `No ${device} was found.`,
  media_in_use: (device) => `Another program is using your ${device}.`,
};

// What keeps the page from working → [title, detail, advice], with commands in backticks.
const TROUBLES = {
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
  session_replaced: [
    "Open in another tab",
    "Another tab goes on where this one was.",
    "Close this tab, or reload it to be here as well.",
  ],
  too_many_sessions: [
    "Open in too many places",
    "One person can be here on ten devices at a time.",
    "Close this page on another device, then reload.",
  ],
};

/** `[title, detail]` for a line that has ended. */
export function endingOf({ reason, peer, byMe, role }) {
  return (ENDINGS[reason] ?? ENDINGS.error)(peer.name, byMe, role);
}

/** `[title, detail, advice]` for a code that stops the page. */
export function troubleOf(code, message = "The service refused this page.") {
  return TROUBLES[code] ?? ["It does not work like this", message, "Reload the page to try again."];
}

/** What a line is doing, in a sentence or two. */
export function captionOf(line) {
  const { state, callType, ringing, opening } = line;
  if (opening) return "Allow microphone and camera where the browser asks…";
  if (state === "incoming") return `Incoming ${callType} call`;
  if (state === "outgoing") return ringing ? "Ringing…" : "Calling…";
  if (state === "connecting-call") return "Connecting…";
  if (line.call.interrupted) {
    return line.call.signalling.peerIsAway ? "" : "Interrupted. Looking for a new path…";
  }
  const muted = line.call.switches.peer.microphone ? "" : `${line.peer.name} is muted.`;
  return [missingOf(line), muted].filter(Boolean).join(" ");
}

/** Which device of this side is missing, and what that means for the other one. */
function missingOf({ media: { missing }, peer }) {
  const { audio, video } = missing;
  if (audio && video) {
    return `${MISSING[audio]("microphone and camera")} ${peer.name} neither hears nor sees you.`;
  }
  if (audio) return `${MISSING[audio]("microphone")} ${peer.name} does not hear you.`;
  if (video) return `${MISSING[video]("camera")} ${peer.name} hears you, but does not see you.`;
  return "";
}

/** What is to be said of the connection to the service; nothing while all is well. */
export function bannerOf({ link, line, expiring, trouble }) {
  const talking = line?.state === "in-call";
  if (talking && line.call.signalling.state === "lost") {
    return "The service has lost this call. Sound and picture go on; hang up when you are done.";
  }
  if (trouble) return talking ? `${troubleOf(trouble.code)[0]}. Your call goes on.` : "";
  if (link === "lost") {
    return talking ? "Reconnecting… The call goes on." : "The connection was lost. Reconnecting…";
  }
  if (line?.call?.signalling.peerIsAway && line.state !== "ended") {
    const goesOn = talking && !line.call.interrupted ? " The call goes on." : "";
    return `${line.peer.name} is reconnecting…${goesOn}`;
  }
  return expiring ? "Your link expires in a minute; make run prints a new one." : "";
}

/** What is known of a person: `{isOnline, isInCall, lastSeenAt}`, or nothing yet. */
export function presenceOf(status) {
  if (!status) return "…";
  if (status.isInCall) return "In a call";
  if (status.isOnline) return "Online";
  return status.lastSeenAt ? `Seen ${ago(status.lastSeenAt)}` : "Offline";
}

/** Whom a live call of `me` is with. */
export function partnerOf({ from, to, fromName }, me) {
  return from === me ? to : (fromName ?? from);
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
