/**
 * "Perfect negotiation" (W3C WebRTC 1.0, section 10.7) over the service's relays: either side may
 * renegotiate at any time, and when two offers cross, the polite side takes its own back.
 */
export class Negotiation {
  #pc;
  #polite;
  #send;
  #addTracks;
  #offering = false;
  #ignoring = false;
  #early = []; // candidates that came before the description they belong to
  #inbox = Promise.resolve();

  /**
   * `send(event, payload)` and `sendCandidate(candidate)` write to the peer. `addTracks()` gives `pc`
   * this side's tracks, once they are `ready`: at once on the impolite side, which so makes the first
   * offer, and before the answer on the other.
   */
  constructor(pc, { polite, ready, send, sendCandidate, addTracks }) {
    this.#pc = pc;
    this.#polite = polite;
    this.#send = send;
    this.#addTracks = addTracks;
    pc.onnegotiationneeded = () => this.#offer();
    pc.onicecandidate = ({ candidate }) => sendCandidate(candidate);
    this.#do(() => ready);
    if (!polite) this.#do(() => addTracks());
  }

  /** Takes the peer's next `call:offer`, `call:answer` or `ice:candidate`, each after the last. */
  take({ offer, answer, candidate, candidates = [candidate] }) {
    const description = offer ?? answer;
    this.#do(() => (description ? this.#described(description) : this.#found(candidates)));
  }

  /**
   * Begins anew after messages of either side may have been lost, without which both could wait for
   * ever: each takes back what is half done, and the impolite side offers.
   */
  recover() {
    this.#do(async () => {
      const rollback = { type: "rollback" };
      this.#ignoring = false;
      const { signalingState } = this.#pc;
      if (signalingState === "have-local-offer") await this.#pc.setLocalDescription(rollback);
      if (signalingState === "have-remote-offer") await this.#pc.setRemoteDescription(rollback);
      if (!this.#polite) this.#pc.restartIce();
    });
  }

  #do(step) {
    this.#inbox = this.#inbox.then(step).catch((error) => this.#stumbled(error));
  }

  async #offer() {
    try {
      this.#offering = true;
      await this.#pc.setLocalDescription();
      this.#send("call:offer", { offer: this.#pc.localDescription });
    } catch (error) {
      this.#stumbled(error);
    } finally {
      this.#offering = false;
    }
  }

  async #described(description) {
    const isOffer = description.type === "offer";
    const crossed = isOffer && (this.#offering || this.#pc.signalingState !== "stable");
    this.#ignoring = crossed && !this.#polite;
    if (this.#ignoring) return;
    // This rolls an offer of our own back.
    await this.#pc.setRemoteDescription(isOffer ? withPresentRole(description, this.#pc) : description);
    await this.#found(this.#early.splice(0));
    if (!isOffer) return;
    this.#addTracks();
    await this.#pc.setLocalDescription();
    this.#send("call:answer", { answer: this.#pc.localDescription });
  }

  async #found(candidates) {
    if (this.#ignoring) return; // they belong to the offer that was ignored
    if (!this.#pc.remoteDescription) return void this.#early.push(...candidates);
    for (const candidate of candidates) await this.#pc.addIceCandidate(candidate);
  }

  #stumbled(error) {
    if (this.#pc.signalingState !== "closed") console.warn("ringline: negotiation:", error);
  }
}

/**
 * The peer's offer, with the DTLS role that the peer has, once there is one. An ICE restart keeps the
 * DTLS association and so the roles (RFC 8842). Firefox would not: it answers a restart that leaves
 * the choice to it as "active" even where it has been passive, and Chromium refuses that answer.
 */
function withPresentRole({ type, sdp }, { currentLocalDescription, currentRemoteDescription }) {
  const [mine, theirs] = [currentLocalDescription, currentRemoteDescription].map(roleInAnswer);
  const role = theirs ?? { active: "passive", passive: "active" }[mine];
  return { type, sdp: role ? sdp.replaceAll("a=setup:actpass", `a=setup:${role}`) : sdp };
}

/** The role of who wrote an answer; an offer says none. */
function roleInAnswer(description) {
  return description?.type === "answer" ? /^a=setup:(\w+)/m.exec(description.sdp)?.[1] : undefined;
}
