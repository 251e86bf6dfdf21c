// Whether other nodes would take the addresses that this one is to announce: what they drop, nobody ever dials. Loads
// libp2p, which knows how addresses are written, only where there is something to judge.

import type { ConfigProblem } from './errors.ts';
import type { Settings } from './schema.ts';
import { fileKey, SETTINGS } from './settings.ts';
import type { RawSettings } from './sources.ts';

/** One for each address that nobody would take. */
export async function wrongAnnouncements({ announceAddresses }: Settings, raw: RawSettings): Promise<ConfigProblem[]> {
  if (announceAddresses.length === 0) return [];
  const { whyNotTold } = await import('../../network/addresses.ts');
  const name = 'announceAddresses';
  return announceAddresses.flatMap((address) => {
    const why = whyNotTold(address);
    if (why === undefined) return [];
    const message = `${address} ${why}. Allowed: ${SETTINGS[name].form}.`;
    return [{ key: fileKey(name), source: raw[name]?.source ?? 'default', message }];
  });
}
