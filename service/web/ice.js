/** Where a peer connection finds its way: the service's STUN and TURN servers. */

// `?ice=relay` in the page's address forbids direct paths, to see that TURN works.
const relayOnly = new URLSearchParams(location.search).get("ice") === "relay";

/** From `{iceServers, iceTransportPolicy, …}`, as events and `/v1/ice` have it, to RTCConfiguration. */
export function configuration({ iceServers, iceTransportPolicy }) {
  return { iceServers, iceTransportPolicy: relayOnly ? "relay" : iceTransportPolicy };
}

/** Whether one of the servers relays, so that a call works where no direct path exists. */
export function hasTurn(iceServers) {
  return iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
}

/** Fresh servers and credentials, or null (429, 503, no network): then the last ones must do. */
export async function fetchIce(token) {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(new URL("v1/ice", document.baseURI), { headers }).catch(() => null);
  return answer?.ok ? answer.json() : null;
}
