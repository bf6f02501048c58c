/** The browser's microphone and camera, of which the person has to say yes or no. */

globalThis.MediaStream = class {
  getTracks() {
    return [];
  }
};

let refuse;

Object.defineProperty(globalThis, "navigator", {
  value: { mediaDevices: { getUserMedia: () => new Promise((_, reject) => (refuse = reject)) } },
});

/** Says no to what was asked for last; a call goes on without. */
export async function refuseDevices() {
  while (refuse) {
    refuse({ name: "NotAllowedError" });
    refuse = undefined;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
