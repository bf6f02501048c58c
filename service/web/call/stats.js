/** What a call's media is like, measured from `getStats()`. */

/**
 * For the badge on the page and the `stats` of `call:media`: `{path, rttMs, jitterMs, lossRatio,
 * codec}`. What this browser does not tell is left out; the loss is that of the whole call.
 */
export async function measure(pc) {
  const stats = await pc.getStats();
  const inbound = [...stats.values()].filter(({ type }) => type === "inbound-rtp");
  const richest = inbound.find(({ kind }) => kind === "video") ?? inbound[0];
  const pair = selectedPair(stats);
  return {
    path: pair && pathOf(pair, stats),
    rttMs: milliseconds(pair?.currentRoundTripTime),
    jitterMs: milliseconds(richest?.jitter),
    lossRatio: lossRatio(inbound),
    codec: stats.get(richest?.codecId)?.mimeType.split("/")[1],
  };
}

function selectedPair(stats) {
  const all = [...stats.values()];
  const transport = all.find(({ type }) => type === "transport");
  if (transport?.selectedCandidatePairId) return stats.get(transport.selectedCandidatePairId);
  return all.find(({ type, selected }) => type === "candidate-pair" && selected); // Firefox
}

function pathOf({ localCandidateId, remoteCandidateId }, stats) {
  const ends = [stats.get(localCandidateId), stats.get(remoteCandidateId)];
  return ends.some((end) => end?.candidateType === "relay") ? "relay" : "direct";
}

function lossRatio(inbound) {
  const sum = (field) => inbound.reduce((total, stream) => total + (stream[field] ?? 0), 0);
  const lost = Math.max(0, sum("packetsLost")); // duplicates count as less than none
  const received = sum("packetsReceived");
  return received ? Number((lost / (lost + received)).toFixed(4)) : undefined;
}

function milliseconds(seconds) {
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}
