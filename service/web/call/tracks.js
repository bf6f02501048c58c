/** Which tracks of this side a peer connection sends, and what it asks for in return. */

/**
 * Sends every device that is open. Of `kinds` that are not, it asks the peer's alone, so that who
 * has no camera still sees, and who has nothing at all still hears.
 */
export function addTracks(pc, media, kinds = []) {
  const sent = pc.getSenders().map(({ track }) => track);
  for (const kind of ["audio", "video"]) {
    const track = media.track(kind);
    if (track && !sent.includes(track)) pc.addTrack(track, media.stream);
    else if (!track && kinds.includes(kind) && !transceiversOf(pc, kind).length) {
      pc.addTransceiver(kind, { direction: "recvonly" });
    }
  }
}

/**
 * Has the connection follow a device that was opened or closed. Only the first track of a kind
 * needs a negotiation, which then follows by itself.
 */
export async function attach(pc, media, kind) {
  if (pc.signalingState === "closed") return;
  const track = media.track(kind);
  const used = transceiversOf(pc, kind).find(({ direction }) => direction.startsWith("send"));
  if (used) await used.sender.replaceTrack(track);
  else if (track) pc.addTrack(track, media.stream);
}

function transceiversOf(pc, kind) {
  return pc.getTransceivers().filter(({ receiver }) => receiver.track.kind === kind);
}
