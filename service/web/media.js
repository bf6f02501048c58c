/** Microphone and camera, opened and closed. */

/** Why there is no microphone or camera; `code` names the sentence to show. */
export class MediaError extends Error {
  constructor(code, cause) {
    super(cause.message, { cause });
    this.code = code;
  }
}

const CODES = {
  NotAllowedError: "media_refused",
  NotFoundError: "media_missing",
  NotReadableError: "media_in_use",
};

/**
 * The person's microphone, with the camera when `video`, as a MediaStream.
 *
 * A camera that is missing or taken leaves sound alone; one that is refused is a MediaError, for
 * the browser does not say whether the microphone would have been allowed.
 */
export async function openMedia({ video }) {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true, video });
  } catch (error) {
    if (video && error.name !== "NotAllowedError") return openMedia({ video: false });
    throw new MediaError(CODES[error.name] ?? "media_missing", error);
  }
}

/** Turns off the lights of microphone and camera. */
export function closeMedia(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
