// The peers of this node in numbers, for its metrics.

import type { Network } from '../network/network.ts';
import type { NetworkLevels } from '../telemetry/metrics/network.ts';

/** Half way to being disconnected. */
const POOR_SCORE = -50;

export function networkLevels(network: Pick<Network, 'peers' | 'bans' | 'clockOffset' | 'validators'>): NetworkLevels {
  const peers = network.peers();
  const scores = peers.map(({ score }) => score);
  const bans = network.bans();
  const good = scores.filter((score) => score === 0).length;
  const poor = scores.filter((score) => score <= POOR_SCORE).length;
  const byNode = bans.filter(({ by }) => by === 'node').length;
  return {
    peers: { good, marked: scores.length - good - poor, poor },
    bans: { node: byNode, operator: bans.length - byNode },
    privatePeers: peers.filter(({ isPrivate }) => isPrivate).length,
    validators: network.validators,
    clockOffsetMs: network.clockOffset.ms,
  };
}
