/**
 * How a line comes to its call. The devices come first: nobody is rung for a person who is still
 * asked for microphone and camera, and who accepts rings on until then.
 */

/** Calls the peer; `newestIce()` are the ICE servers where the answer has none. */
export async function dial(line, newestIce) {
  const { peer, callType } = line;
  try {
    if (!(await line.openMedia({ video: callType === "video" }))) return;
    const initiated = await line.ask("call:initiate", { to: peer.id, callType });
    line.callId = initiated.callId;
    if (!line.bind()) return;
    if (initiated.glare) answerCrossed(line, initiated, newestIce());
    else line.startMedia({ ice: initiated });
  } catch (error) {
    line.finish(error.code ?? "error");
  }
}

/** Two have called each other at once: the call that was first is the one that both are in. */
function answerCrossed(line, { generation }, ice) {
  line.update({ role: "callee", accepted: true, state: "connecting-call" });
  line.startMedia({ ice, generation });
}

/** Answers the incoming call, with or without this side's picture. */
export async function accept(line, { video }) {
  try {
    if (!(await line.openMedia({ video }))) return;
    line.startMedia({ ice: line.ice }); // listens already when the held offer comes
    line.update({ state: "connecting-call" });
    await line.ask("call:accept");
    line.bind();
  } catch (error) {
    line.finish(error.code ?? "error");
  }
}

/** Takes the call over from another device of this person, where it has moved `moves` times. */
export async function take(line, { moves, freshIce }) {
  try {
    const ice = await freshIce();
    if (!(await line.openMedia({ video: line.callType === "video" }))) return;
    const { generation } = await line.ask("call:move", { moves });
    if (line.bind()) line.startMedia({ ice, generation }); // at once: the peer's offer comes next
  } catch (error) {
    line.finish(error.code === "invalid_state" ? "cannot_move" : (error.code ?? "error"));
  }
}

/** Takes up the call of the page before this one, with what was switched on: `{microphone, camera}`. */
export function restore(line, { ice, generation, microphone = true, camera }) {
  const video = camera ?? line.callType === "video";
  const ready = line.openMedia({ video }).then(() => {
    const track = line.media.track("audio");
    if (track) track.enabled = microphone;
  });
  line.startMedia({ ice, generation, ready });
}
