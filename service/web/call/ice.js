/** Where a peer connection finds its way: the service's STUN and TURN servers. */

/**
 * From `{iceServers, iceTransportPolicy, …}`, as events and `/v1/ice` have it, to RTCConfiguration;
 * a `policy` of one's own outranks the service's.
 */
export function configuration({ iceServers, iceTransportPolicy }, policy = iceTransportPolicy) {
  return { iceServers, iceTransportPolicy: policy };
}

/** Whether one of the servers relays, so that a call works where no direct path exists. */
export function hasTurn(iceServers) {
  return iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
}

/** Fresh servers and credentials, or null (429, 503, no network): then the last ones must do. */
export async function fetchIce(origin, token) {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(new URL("v1/ice", origin), { headers }).catch(() => null);
  return answer?.ok ? answer.json() : null;
}
