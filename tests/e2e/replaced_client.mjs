/**
 * A client of the replaced system as its users wrote them: no callId on relays, no
 * acknowledgements, no field and no event but the old ones. Only the token is new.
 */

import { io } from "socket.io-client";

import { obey, options, report } from "./lines.mjs";

const FIELDS = {
  "user:joined": ["userId", "socketId"],
  "call:initiated": ["callId", "to"],
  "call:incoming": ["from", "callType", "callId"],
  "call:accepted": ["callId", "by"],
  "call:rejected": ["callId", "by"],
  "call:offer": ["offer", "from", "callType"],
  "call:answer": ["answer", "from"],
  "ice:candidate": ["candidate", "from"],
  "call:ended": ["callId", "by"],
  "user:status": ["userId", "isOnline", "isInCall"],
  error: ["message"],
};
const CANDIDATES = 5;

const { url, user, token, transports } = options;
const socket = io(url, { auth: { token }, transports });
let call = null; // {callId, peer, calling}

for (const [event, fields] of Object.entries(FIELDS)) {
  socket.on(event, (payload) => {
    report(event, Object.fromEntries(fields.map((field) => [field, payload[field]])));
  });
}

socket.io.on("open", () => {
  const { engine } = socket.io;
  report("open", engine.transport.name);
  engine.on("upgrade", ({ name }) => report("upgrade", name));
});
socket.on("connect", () => socket.emit("user:join", { userId: user }));
socket.on("disconnect", (reason) => report("disconnect", reason));
socket.on("connect_error", ({ message }) => report("connect_error", message));

socket.on("call:initiated", ({ callId, to }) => {
  call = { callId, peer: to, calling: true };
});
socket.on("call:incoming", ({ callId, from }) => {
  call = { callId, peer: from, calling: false };
});
socket.on("call:accepted", () => {
  if (call.calling) describe("call:offer", "offer");
});
socket.on("call:offer", () => describe("call:answer", "answer"));

function describe(event, type) {
  const ends = { from: user, to: call.peer };
  socket.emit(event, { [type]: { type, sdp: `v=0\r\no=${user} — ☎\r\n` }, ...ends });
  for (let number = 0; number < CANDIDATES; number += 1) {
    const candidate = `candidate:${number} 1 udp 1 192.0.2.1 9 typ host`;
    socket.emit("ice:candidate", { candidate: { candidate, sdpMid: "0" }, ...ends });
  }
}

const deeds = {
  call: ({ to, callType }) => socket.emit("call:initiate", { to, callType }),
  accept: () => socket.emit("call:accept", { callId: call.callId, from: call.peer }),
  reject: () => socket.emit("call:reject", { callId: call.callId, from: call.peer }),
  end: () => socket.emit("call:end", { callId: call.callId }),
  status: ({ userId }) => socket.emit("user:status", { userId }),
};
obey(deeds, socket);
