/** The bare socket.io-client as a resumable session that leaves buffering and repeating to it. */

import { io } from "socket.io-client";

import { obey, options, report } from "./lines.mjs";

const { url, token, transports, userId, more } = options;

const auth = (give) => give({ token });
const socket = io(url, { auth, transports, reconnectionDelay: 50, reconnectionDelayMax: 200, ...more });
let way = { epoch: null };
let n = 0;

socket.onAny((event, payload) => {
  if (event === "user:joined") {
    const { sessionId, resumeToken, epoch, resumed } = payload;
    way = { sessionId, resumeToken, epoch, lastSeq: resumed === "replayed" ? way.lastSeq : 0 };
  } else if (payload.seq !== undefined) {
    way.lastSeq = payload.seq;
  }
  report(event, payload);
});
socket.on("connect", () => {
  report("connect");
  socket.emit("user:join", { userId, features: ["resume"], ...way }, () => {});
});
socket.on("disconnect", () => report("disconnect"));

/** Tells the answer, which with the option `retries` comes behind an error. */
const answered = (payload) => (...given) => report("ack", { payload, reply: given.at(-1) });

const deeds = {
  request: ({ event, payload }) => socket.emit(event, payload, answered(payload)),
  relays: ({ event, payloads }) => {
    for (const payload of payloads) {
      const numbered = { ...payload, epoch: way.epoch, n: (n += 1) };
      socket.emit(event, numbered, answered(numbered));
    }
  },
};
obey(deeds, socket);
