// Every behaviour, by the name that FAULTY= takes; some are drawn by seeds.

import type { Behaviour } from '../behaviour.ts';
import { certificateReplayer } from './certificate-replayer.ts';
import { conflictingBoundary } from './conflicting-boundary.ts';
import { equivocatingLeader } from './equivocating-leader.ts';
import { equivocatingVoter } from './equivocating-voter.ts';
import { equivocator } from './equivocator.ts';
import { falseParent } from './false-parent.ts';
import { fastClock } from './fast-clock.ts';
import { forger } from './forger.ts';
import { heightLiar } from './height-liar.ts';
import { incompleteProposer } from './incomplete-proposer.ts';
import { invalidBlock } from './invalid-block.ts';
import { lateProposer } from './late-proposer.ts';
import { nuller } from './nuller.ts';
import { silent } from './silent.ts';
import { silentLeader } from './silent-leader.ts';
import { staleParent } from './stale-parent.ts';
import { withholder } from './withholder.ts';

/** What a seed may draw. One more or less here, and every seed means another world. */
export const DRAWN: readonly Behaviour[] = [
  certificateReplayer,
  conflictingBoundary,
  equivocatingLeader,
  equivocatingVoter,
  equivocator,
  falseParent,
  fastClock,
  heightLiar,
  invalidBlock,
  lateProposer,
  nuller,
  silent,
  silentLeader,
  staleParent,
  withholder,
];

/** … and what is only played by members that are told to. */
export const BEHAVIOURS: readonly Behaviour[] = [...DRAWN, forger, incompleteProposer];
