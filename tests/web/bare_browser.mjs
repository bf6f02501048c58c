/** What calls need of a browser and Node lacks: no device opens, and no connection comes about. */

globalThis.MediaStream = class {
  getTracks() {
    return [];
  }
};

globalThis.RTCPeerConnection = class {
  connectionState = "new";
  signalingState = "stable";
  close() {}
};

let refuse; // is there while the person is asked for a device

Object.defineProperty(globalThis, "navigator", {
  value: { mediaDevices: { getUserMedia: () => new Promise((_, reject) => (refuse = reject)) } },
});

/** Says no to each device that is asked for; a call goes on without. */
export async function refuseDevices() {
  while (refuse) {
    refuse({ name: "NotAllowedError" });
    refuse = undefined;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
