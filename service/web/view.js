/** What the page shows. It is told everything at once, and changes only what differs. */

import { bannerOf, captionOf, clock, endingOf, partnerOf, presenceOf, troubleOf } from "./words.js";

const $ = (id) => document.getElementById(id);

export class View {
  #screens = [...document.querySelectorAll("[data-screen]")];
  #rows = new Map(); // user id -> list item

  /** Calls `submit` with what the person pasted as link or token. */
  onToken(submit) {
    onSubmit($("sign-in"), $("token"), submit);
  }

  /** What to do with people: `dial(id, callType)`, `add(id)`, `remove(id)`. */
  onPeople({ dial, add, remove }) {
    onSubmit($("add"), $("add-id"), add);
    $("people").addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (!button) return;
      const { user, call } = button.dataset;
      if (call) dial(user, call);
      else remove(user);
    });
  }

  /** What each button of a call does, by the button's id. */
  onPhone(actions) {
    for (const [id, action] of Object.entries(actions)) $(id).addEventListener("click", action);
  }

  /**
   * Shows everything `page.js` knows. `state` names the screen, `link` is how the session is,
   * `relays` whether there is a TURN server (null: unknown yet), `trouble` a code and a message,
   * `elsewhere` a call at another device of this person.
   */
  render({ state, link = "none", me, people = [], relays, expiring, trouble, line = null, elsewhere = null }) {
    this.#showFrame({ link, me, relays });
    this.#showPeople(people);
    showElsewhere(elsewhere, me, line);
    for (const banner of document.querySelectorAll(".banner")) {
      write(banner, bannerOf({ link, line, expiring, trouble }));
    }
    if (state === "error") showTrouble(trouble);
    if (line) showLine(line);
    showPictures(line);
    document.title = state === "incoming" ? `${line.peer.name} is calling` : "Ringline";
    this.#enter(state);
  }

  #showFrame({ link, me, relays }) {
    document.body.dataset.link = link;
    $("identity").hidden = !me;
    $("no-turn").hidden = relays !== false;
    if (!me) return;
    write($("me"), me.name);
    write($("hello"), me.name);
    portray($("my-avatar"), me);
  }

  #showPeople(people) {
    const gone = new Set(this.#rows.keys());
    for (const person of people) {
      gone.delete(person.id);
      if (!this.#rows.has(person.id)) this.#rows.set(person.id, newRow(person.id));
      showPerson(this.#rows.get(person.id), person);
    }
    for (const id of gone) {
      this.#rows.get(id).remove();
      this.#rows.delete(id);
    }
  }

  /** Switches screens, and brings along the keyboard when what had it went away. */
  #enter(state) {
    if (document.body.dataset.state === state) return;
    document.body.dataset.state = state;
    for (const screen of this.#screens) {
      screen.hidden = !screen.dataset.screen.split(" ").includes(state);
    }
    const active = document.activeElement;
    if (active !== document.body && !active.closest("[hidden]")) return;
    [...document.querySelectorAll("h1")].find((title) => !title.closest("[hidden]"))?.focus();
  }
}

function showTrouble({ code, message }) {
  const [title, detail, advice] = troubleOf(code, message);
  write($("trouble"), title);
  write($("trouble-detail"), detail);
  writeWithCode($("trouble-advice"), advice);
}

function showElsewhere(elsewhere, me, line) {
  $("elsewhere").hidden = !elsewhere;
  const continues = line?.state === "ended" && elsewhere?.callId === line.callId;
  document.body.dataset.continues = continues;
  if (elsewhere) write($("elsewhere-peer"), partnerOf(elsewhere, me.id));
}

function showLine(line) {
  const [outcome, detail] = line.state === "ended" ? endingOf(line) : ["", captionOf(line)];
  portray($("peer-avatar"), line.peer);
  write($("peer"), line.peer.name);
  write($("outcome"), outcome);
  $("accept-audio").hidden = line.state !== "incoming" || line.callType === "audio";
  $("accept").querySelector("use").setAttribute("href", `#i-${line.callType}`);
  for (const id of ["accept", "accept-audio"]) $(id).disabled = line.opening === true;
  if (line.state === "in-call") return showVitals(line);
  const talked = line.durationMs && clock(line.durationMs);
  write($("caption"), [talked, detail].filter(Boolean).join(" · "));
}

function showVitals(line) {
  const { startedAt, call, media } = line;
  const { path, rttMs } = call.reports.quality;
  write($("caption"), captionOf(line));
  write($("timer"), clock(Date.now() - startedAt));
  $("badge").hidden = !path;
  write($("path"), path ?? "");
  write($("rtt"), rttMs === undefined ? "" : `${rttMs} ms`);
  $("mute").setAttribute("aria-pressed", !media.isOn("audio"));
  $("camera").setAttribute("aria-pressed", !media.isOn("video"));
}

function showPictures(line) {
  const { media, call, state } = line?.state === "ended" ? {} : (line ?? {});
  play($("local"), media?.stream ?? null);
  play($("remote"), call?.remote ?? null);
  $("local").hidden = !media?.isOn("video");
  document.body.dataset.picture = state === "in-call" && call.showsPeer ? "theirs" : "none";
}

function newRow(id) {
  const row = $("person").content.firstElementChild.cloneNode(true);
  for (const button of row.querySelectorAll("button")) button.dataset.user = id;
  row.dataset.person = id;
  row.querySelector(".call-audio").ariaLabel = `Call ${id}`;
  row.querySelector(".call-video").ariaLabel = `Call ${id} with video`;
  row.querySelector(".remove").ariaLabel = `Remove ${id}`;
  write(row.querySelector(".id"), id);
  portray(row.querySelector(".avatar"), { id, name: id });
  $("people").append(row);
  return row;
}

function showPerson(row, { status, removable }) {
  row.dataset.online = status?.isOnline ?? false;
  row.dataset.busy = status?.isInCall ?? false;
  row.querySelector(".remove").hidden = !removable;
  write(row.querySelector(".presence"), presenceOf(status));
}

/** An avatar: the initial, on a colour that is always the same for the same person. */
function portray(element, { id, name }) {
  const hue = [...id].reduce((sum, char) => (sum * 33 + char.codePointAt(0)) % 360, 0) * 47;
  write(element, [...name][0]?.toUpperCase() ?? "");
  const scope = element.id === "peer-avatar" ? $("stage") : element;
  scope.style.setProperty("--hue", hue);
}

function play(video, stream) {
  if (video.srcObject !== stream) video.srcObject = stream;
}

/** Sets a text unless it stands there already, which a screen reader would read again. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The same for a text that marks commands with backticks. */
function writeWithCode(element, text) {
  if (element.textContent === text.replaceAll("`", "")) return;
  const parts = text.split("`").map((part, index) => {
    return index % 2 ? Object.assign(document.createElement("code"), { textContent: part }) : part;
  });
  element.replaceChildren(...parts);
}

function onSubmit(form, input, submit) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(input.value.trim());
    form.reset();
  });
}
