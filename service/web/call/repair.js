/** Watches a peer connection: mends it by ICE restarts, and says when nothing helps any more. */

// How long a connection may stay in a state before an ICE restart. A blip heals by itself; dead
// TURN credentials show as nothing happening at all, not as a failure.
const PATIENCE_MS = { new: 10_000, connecting: 10_000, disconnected: 3_000, failed: 0 };
const POLITE_MS = 3_000; // the callee lets the caller try first
const MAX_RESTARTS = 3;
const ALONE_MS = 15_000; // without signalling there is no restart: it heals by itself, or is over
const RETURN_MS = 6_000; // a page that closed its connection and is loaded anew is back so soon
const SLACK_MS = 10_000;

export class Repair {
  #pc;
  #polite;
  #windowMs;
  #refreshIce;
  #over;
  #company = "both";
  #restarts = 0;
  #dtls; // RTCDtlsTransport (W3C WebRTC, 5.5): tells when the peer has closed its end
  #closedAt = null; // when that was seen
  #timer;

  /**
   * `windowMs` is how long the service waits for a side that is away. `refreshIce()` gives the
   * connection fresh ICE servers, where it can. `over(reason)` is called when there is no hope:
   * "media_failed", "connection_lost", or "peer_left" when the peer has closed its connection (its
   * DTLS says so) and the service cannot tell why.
   */
  constructor(pc, { polite, windowMs, refreshIce, over }) {
    this.#pc = pc;
    this.#polite = polite;
    this.#windowMs = windowMs;
    this.#refreshIce = refreshIce;
    this.#over = over;
  }

  /**
   * Who is there to mend it: "both" sides; "no peer" while the peer's signalling is away; "no
   * service" while this side's is; "nobody" when the service has dropped the call.
   */
  set company(company) {
    this.#company = company;
    this.look();
  }

  /** Looks at the connection; to be called when its state has changed. */
  look() {
    const { connectionState, signalingState } = this.#pc;
    if (connectionState === "connected") this.#connected();
    if (this.#company !== "both") return this.#wait(connectionState);
    const negotiated = connectionState !== "new" || signalingState === "stable";
    const patience = negotiated ? PATIENCE_MS[connectionState] : undefined;
    this.#after(patience, () => this.#restart(), this.#polite ? POLITE_MS : 0);
  }

  /** Whether the peer has closed its connection: its page was closed, or is loaded anew. */
  get peerHasClosed() {
    return this.#dtls?.state === "closed";
  }

  stop() {
    clearTimeout(this.#timer);
    if (this.#dtls) this.#dtls.onstatechange = null;
    this.#over = () => {};
  }

  #connected() {
    this.#restarts = 0;
    this.#dtls = this.#pc.getReceivers()[0]?.transport;
    if (this.#dtls) this.#dtls.onstatechange = () => this.look();
  }

  /** No restart is possible: it heals by itself, a side comes back, or it is over. */
  #wait(connectionState) {
    if (this.peerHasClosed) return this.#awaitReturn();
    const patience = this.#company === "nobody" ? ALONE_MS : this.#windowMs + SLACK_MS;
    this.#after(connectionState === "connected" ? undefined : patience, () => {
      this.#over("connection_lost");
    });
  }

  /** Nobody tells whether the page of the peer was closed or is loaded anew. */
  #awaitReturn() {
    if (this.#company === "nobody") return this.#over("peer_left");
    this.#closedAt ??= Date.now();
    this.#after(this.#closedAt + RETURN_MS - Date.now(), () => this.#over("peer_left"));
  }

  /** Has both sides look for a new path, with fresh credentials; the call itself goes on. */
  async #restart() {
    if (this.#restarts === MAX_RESTARTS) return this.#over("media_failed");
    this.#restarts += 1;
    this.#after(PATIENCE_MS.connecting, () => this.#restart());
    await this.#refreshIce();
    if (this.#pc.signalingState !== "closed") this.#pc.restartIce();
  }

  #after(patience, act, extra = 0) {
    clearTimeout(this.#timer);
    if (patience !== undefined) this.#timer = setTimeout(act, patience + extra);
  }
}
