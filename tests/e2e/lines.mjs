/** How a test drives a client: a line of JSON in is something to do, one out is what happened. */

import { createInterface } from "node:readline";

/** What the test gave on the command line. */
export const options = JSON.parse(process.argv[2]);

/** Tells the test that something happened. */
export function report(event, payload = null) {
  process.stdout.write(`${JSON.stringify([event, payload])}\n`);
}

/** Does what the test says, `{do: name, …}`, one line after the other, and leaves with the last. */
export function obey(deeds, socket) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const order = JSON.parse(line);
    deeds[order.do](order);
  });
  lines.on("close", () => socket.disconnect());
}
