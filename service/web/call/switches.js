/** Which microphones and cameras of a call are on: this side's, and what the peer says of its own. */

import { attach } from "./tracks.js";

export class Switches {
  peer = { microphone: true, camera: true };
  #media;
  #signalling;
  #pc;
  #changed;

  /**
   * `media` is the `LocalMedia` of this side, `pc()` the connection that the call has now. `changed()`
   * is called when one of them was switched.
   */
  constructor({ media, signalling, pc, changed }) {
    this.#media = media;
    this.#signalling = signalling;
    this.#pc = pc;
    this.#changed = changed;
    media.onlost = () => this.#switched();
    signalling.on("call:signal", ({ data }) => {
      this.peer = { ...this.peer, ...data };
      changed();
    });
  }

  /** Mutes, or unmutes at once: a microphone that is open stays so. */
  async toggleMicrophone() {
    const track = this.#media.track("audio");
    if (track) track.enabled = !track.enabled;
    else await this.#media.start("audio");
    await this.#switched();
  }

  /** Closes the camera, so that its light goes out, or opens it. */
  async toggleCamera() {
    if (this.#media.track("video")) this.#media.stop("video");
    else await this.#media.start("video");
    await this.#switched();
  }

  /** Tells the peer, as soon as media flow. */
  announce() {
    if (this.#pc().connectionState !== "connected") return;
    const data = { microphone: this.#media.isOn("audio"), camera: this.#media.isOn("video") };
    this.#signalling.relay("call:signal", { data });
  }

  async #switched() {
    for (const kind of ["audio", "video"]) await attach(this.#pc(), this.#media, kind);
    this.announce();
    this.#changed();
  }
}
