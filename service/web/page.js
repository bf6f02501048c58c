/** Joins the parts: who I am, the connection, the people, the phone, and what is shown of them. */

import { fetchIce, hasTurn } from "./call/ice.js";
import { Phone } from "./call/phone.js";
import { claimsOf, forgetToken, takeToken, tokenIn } from "./identity.js";
import { People } from "./people.js";
import { Claim } from "./session/claim.js";
import { Session } from "./session/session.js";
import { Socket } from "./session/socket.js";
import { View } from "./view.js";
import { keepWish, takeWish } from "./wish.js";

// `?ice=relay` in the page's address forbids direct paths, to see that TURN works.
const iceTransportPolicy = new URLSearchParams(location.search).get("ice") ?? undefined;
const token = takeToken();
const claims = token && claimsOf(token);

const view = new View();
view.onToken((text) => {
  location.hash = `token=${tokenIn(text)}`;
});
window.addEventListener("hashchange", () => location.reload());

if (!claims) view.render({ state: "offline" });
else if (!window.isSecureContext) view.render({ state: "error", trouble: { code: "insecure" } });
else start(await Claim.made(`ringline.session.${claims.sub}`));

function start(claim) {
  const me = { id: claims.sub, name: claims.name ?? claims.sub };
  const socket = new Socket(document.baseURI, () => ({ token }));
  const session = new Session(socket, { userId: me.id }, claim);
  const phone = new Phone(session, {
    me: me.id,
    wish: takeWish(),
    refreshIce: () => fetchIce(document.baseURI, token),
    iceTransportPolicy,
  });
  const people = new People(me.id);
  let relays = null; // whether there is a TURN server, once known
  let expiring = false;
  let trouble = null; // why the service wants no more of this page: {code, message}

  const state = () => {
    if (trouble && !phone.busy) return "error"; // a call that goes on is not taken away
    return phone.line?.state ?? (session.state === "opening" ? "connecting" : "idle");
  };
  const render = () => {
    const { line, elsewhere } = phone;
    const { list } = people;
    const { state: link } = session;
    view.render({ state: state(), link, me, people: list, relays, expiring, trouble, line, elsewhere });
  };

  session.on("joined", ({ iceServers }) => {
    session.emit("user:watch", { userIds: people.ids });
    relays = hasTurn(iceServers);
    render();
  });
  session.on("lost", () => {
    people.forget();
    render();
  });
  session.on("over", (error) => {
    trouble = error;
    if (error.code === "token_expired") forgetToken();
    render();
  });
  session.on("user:status", (status) => {
    people.update(status);
    render();
  });
  session.on("auth:expiring", () => {
    expiring = true;
    render();
  });
  session.on("error", (error) => console.warn("ringline:", error));

  phone.addEventListener("change", render);
  setInterval(render, 1_000); // clocks go on

  view.onPeople({
    dial: (id, callType) => phone.dial({ id, name: id }, callType),
    add: (id) => {
      if (people.add(id)) session.emit("user:watch", { userIds: [id] });
      render();
    },
    remove: (id) => {
      people.remove(id);
      session.emit("user:unwatch", { userIds: [id] });
      render();
    },
  });
  view.onPhone({
    accept: () => phone.accept({ video: phone.line.callType === "video" }),
    "accept-audio": () => phone.accept({ video: false }),
    reject: () => phone.reject(),
    hangup: () => phone.hangUp(),
    mute: () => phone.line.call.switches.toggleMicrophone(),
    camera: () => phone.line.call.switches.toggleCamera(),
    again: () => phone.dial(phone.line.peer, phone.line.callType),
    dismiss: () => phone.dismiss(),
    take: () => phone.takeHere(),
    "take-back": () => phone.takeHere(),
  });

  const probe = () => session.probe();
  window.addEventListener("online", probe);
  navigator.connection?.addEventListener("change", probe);
  window.addEventListener("pagehide", () => {
    // Nobody tells a page whether it is reloaded or closed.
    if (phone.mayReturn) {
      keepWish(phone.leave());
      session.detach();
    } else {
      if (phone.busy) phone.hangUp();
      session.close();
    }
  });
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  window.ringline = {
    session,
    get call() {
      return phone.line?.call;
    },
  };
  render();
  session.open();
}
