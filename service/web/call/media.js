/** This side's microphone and camera. */

// Why a device does not open, as the sentences that are shown are named.
const CODES = {
  NotAllowedError: "media_refused",
  NotFoundError: "media_missing",
  NotReadableError: "media_in_use",
};

/** What is open is in `stream`. */
export class LocalMedia {
  stream = new MediaStream();
  missing = {}; // "audio", "video" -> why that device could not be opened
  onlost = () => {}; // is called when a device has gone away by itself
  #closed = false;

  /**
   * Opens the microphone, with the camera when `video`; what is refused, missing or taken is left
   * out, and a call goes on without it.
   */
  async open({ video }) {
    if (video && (await this.start("audio", "video"))) return;
    const heard = await this.start("audio");
    // Who has refused the microphone as well is not asked a third time.
    if (video && !heard && this.missing.audio !== "media_refused") await this.start("video");
  }

  /** Opens devices, all or none of `kinds`; whether that went well. */
  async start(...kinds) {
    try {
      const constraints = Object.fromEntries(kinds.map((kind) => [kind, true]));
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      for (const track of stream.getTracks()) this.#keep(track);
      return true;
    } catch (error) {
      for (const kind of kinds) this.missing[kind] = CODES[error.name] ?? "media_missing";
      return false;
    }
  }

  /** Closes a device: its light goes out. */
  stop(kind) {
    const track = this.track(kind);
    if (!track) return;
    track.stop();
    this.stream.removeTrack(track);
  }

  /** Closes both for good; what opens later is closed at once. */
  close() {
    this.#closed = true;
    this.stop("audio");
    this.stop("video");
  }

  track(kind) {
    return this.stream.getTracks().find((track) => track.kind === kind) ?? null;
  }

  /** Whether there is something to hear, or to see, of this side. */
  isOn(kind) {
    return this.track(kind)?.enabled ?? false;
  }

  #keep(track) {
    if (this.#closed || this.track(track.kind)) return track.stop();
    delete this.missing[track.kind];
    this.stream.addTrack(track);
    track.onended = () => {
      this.missing[track.kind] = "media_missing";
      this.stream.removeTrack(track);
      this.onlost();
    };
  }
}
