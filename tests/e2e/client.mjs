/** The bare socket.io-client in a test's hands: what it says is told, what it hears reported. */

import { io } from "socket.io-client";

import { obey, options, report } from "./lines.mjs";

const { url, transports, path } = options;
let { token } = options;

const auth = (give) => {
  report("auth", token);
  give({ token });
};
const socket = io(url, { auth, transports, path, reconnectionDelay: 50, reconnectionDelayMax: 200 });

socket.onAny(report);
socket.io.on("open", () => {
  report("open", socket.io.engine.transport.name);
  socket.io.engine.on("upgrade", (transport) => report("upgrade", transport.name));
});
socket.io.on("ping", () => report("heartbeat"));
socket.on("connect", () => report("connect"));
socket.on("disconnect", (reason) => report("disconnect", { reason, active: socket.active }));
socket.on("connect_error", ({ message, data }) => {
  report("connect_error", { message, data, active: socket.active });
});

const deeds = {
  emit: ({ event, payload }) => socket.emit(event, payload),
  request: ({ event, payload }) => socket.emit(event, payload, (answer) => report("ack", answer)),
  burst: ({ event, payloads }) => payloads.forEach((payload) => socket.emit(event, payload)),
  renew: (order) => {
    token = order.token;
  },
};
obey(deeds, socket);
