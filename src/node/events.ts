// Consensus' own events in the words of the RPC's channels.

import type { EventEmitter } from 'node:events';
import type { Chain } from '../chain/chain.ts';
import type { ConsensusEvent, InstanceStart } from '../consensus/types.ts';
import type { Validator } from '../primitives/validators.ts';
import type { RpcEvents } from '../rpc/dependencies.ts';
import type { EvidenceRecord } from '../store/evidence.ts';

const NAMES = {
  entered: 'slot_entered',
  proposed: 'proposed',
  notarized: 'notarized',
  skipped: 'skipped',
  finalized: 'finalized',
} as const;

/** Passes on to subscribers what consensus did, and the blocks that it has notarized. */
export function tell(
  events: EventEmitter<RpcEvents>,
  event: ConsensusEvent,
  { chain, epoch }: { readonly chain: Pick<Chain, 'executed'>; readonly epoch: number },
): void {
  if (event.type === 'timedOut' || event.type === 'invalid') return;
  events.emit('consensus', { ...event, type: NAMES[event.type], epoch });
  if (event.type !== 'notarized') return;
  const executed = chain.executed(event.hash);
  if (executed !== undefined) events.emit('notarized', executed);
}

/** Passes on to subscribers that another epoch has begun, and who votes in it. */
export function tellEpoch(events: EventEmitter<RpcEvents>, { epoch, members, anchor }: InstanceStart): void {
  const { hash, header } = anchor;
  events.emit('consensus', {
    type: 'epoch_changed',
    epoch,
    slot: 0,
    hash,
    height: header.height,
    validators: members.list,
  });
}

/** Passes on to subscribers that a validator has contradicted itself. */
export function tellEvidence(
  events: EventEmitter<RpcEvents>,
  { id, kind, evidence: { epoch, slot } }: EvidenceRecord,
  { address }: Validator,
): void {
  events.emit('consensus', { type: 'evidence', epoch, slot, evidence: { id, kind, address } });
}
