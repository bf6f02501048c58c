const WORTH_MS = 60_000; // what is said of a call that is over here is worth no longer wait

/** Says something of a call even if that takes a reconnect; nobody here waits for what it does. */
export function say(session, event, payload) {
  const said = session.request(event, payload, { within: WORTH_MS, insist: true });
  said.catch(({ code, message }) => console.debug(`ringline: ${event}: ${code}: ${message}`));
}
