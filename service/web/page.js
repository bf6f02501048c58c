/** Joins the parts: who I am, the connection, the people, the phone, and what is shown of them. */

import { fetchIce, hasTurn } from "./ice.js";
import { claimsOf, forgetToken, takeToken, tokenIn } from "./identity.js";
import { People } from "./people.js";
import { Phone } from "./phone.js";
import { Socket } from "./socket.js";
import { View } from "./view.js";

const token = takeToken();
const claims = token && claimsOf(token);

const view = new View();
view.onToken((text) => {
  location.hash = `token=${tokenIn(text)}`;
});
window.addEventListener("hashchange", () => location.reload());

if (!claims) view.render({ state: "offline" });
else if (!window.isSecureContext) view.render({ state: "error", trouble: { code: "insecure" } });
else start();

function start() {
  const me = { id: claims.sub, name: claims.name ?? claims.sub };
  const socket = new Socket(document.baseURI, { token });
  const phone = new Phone(socket, () => fetchIce(token));
  const people = new People(me.id);
  let link = "opening"; // opening · up · lost · refused
  let relays = null; // whether there is a TURN server, once known
  let expiring = false;
  let trouble = null; // why the service wants no more of this page: {code, message}

  const state = () => {
    if (trouble && !phone.busy) return "error"; // a call that goes on is not taken away
    return phone.line?.state ?? (link === "opening" ? "connecting" : "idle");
  };
  const render = () => {
    const { line } = phone;
    const { list } = people;
    view.render({ state: state(), link, me, people: list, relays, expiring, trouble, line });
  };
  const refused = ({ code, message }) => {
    socket.close();
    link = "refused";
    trouble = { code, message };
    if (code === "token_expired") forgetToken();
    render();
  };

  socket.on("connect", async () => {
    try {
      const joined = await socket.request("user:join", { userId: me.id });
      phone.joined(joined);
      socket.emit("user:watch", { userIds: people.ids });
      relays = hasTurn(joined.iceServers);
      link = "up";
      render();
    } catch (error) {
      if (error.retryable === false) refused(error);
      else if (socket.connected) socket.retry();
    }
  });
  socket.on("disconnect", () => {
    link = "lost";
    people.forget();
    render();
  });
  socket.on("connect_error", (error) => {
    if (error.retryable === false) refused(error);
  });
  socket.on("user:status", (status) => {
    people.update(status);
    render();
  });
  socket.on("auth:expiring", () => {
    expiring = true;
    render();
  });
  socket.on("error", (error) => console.warn("ringline:", error));

  phone.addEventListener("change", render);
  setInterval(render, 1_000); // clocks go on

  view.onPeople({
    dial: (id, callType) => phone.dial({ id, name: id }, callType),
    add: (id) => {
      if (people.add(id)) socket.emit("user:watch", { userIds: [id] });
      render();
    },
    remove: (id) => {
      people.remove(id);
      socket.emit("user:unwatch", { userIds: [id] });
      render();
    },
  });
  view.onPhone({
    accept: () => phone.accept({ video: phone.line.callType === "video" }),
    "accept-audio": () => phone.accept({ video: false }),
    reject: () => phone.reject(),
    hangup: () => phone.hangUp(),
    mute: () => phone.line.call.toggleMicrophone(),
    camera: () => phone.line.call.toggleCamera(),
    again: () => phone.dial(phone.line.peer, phone.line.callType),
    dismiss: () => phone.dismiss(),
  });

  window.addEventListener("online", () => socket.hurry());
  window.addEventListener("pagehide", () => {
    phone.leave();
    socket.close();
  });
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  window.ringline = {
    socket,
    get call() {
      return phone.line?.call;
    },
  };
  render();
  socket.open();
}
