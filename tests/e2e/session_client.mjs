/** The page's session over the bare socket.io-client, in a test's hands. */

import { io } from "socket.io-client";

import { Session } from "../../service/web/session/session.js";
import { SocketIo } from "../../service/web/session/socket_io.js";
import { obey, options, report } from "./lines.mjs";

const { url, token, transports, userId } = options;

/** Keeps the way back for this process alone. */
const claim = {
  ticket: null,
  keep(ticket) {
    this.ticket = ticket;
  },
  forget() {
    this.ticket = null;
  },
};
const client = io(url, {
  autoConnect: false,
  auth: (give) => give({ token }),
  ...{ transports, reconnectionDelay: 50, reconnectionDelayMax: 200 },
});
const session = new Session(new SocketIo(client), { userId }, claim);

for (const event of ["joined", "lost", "over", "call:incoming", "call:accepted", "call:signal", "call:ended"]) {
  session.on(event, (payload) => report(event, payload));
}

client.onAnyOutgoing((event) => {
  if (event === "call:signal") report("sent", performance.now());
});

const settled = (promised, name) =>
  promised.then(
    (fields) => report(name, fields),
    ({ code, message }) => report("refused", { code, message }),
  );

const deeds = {
  request: ({ event, payload }) => settled(session.request(event, payload, { within: 60_000 }), "ack"),
  relays: ({ event, payloads }) => {
    for (const payload of payloads) settled(session.relay(event, payload), "confirmed");
  },
  cut: () => client.io.engine.close(),
  probe: () => session.probe(),
};
obey(deeds, { disconnect: () => session.close() });
session.open();
