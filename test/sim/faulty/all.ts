// Every behaviour that a world may draw, by the name that FAULTY= takes.

import type { Behaviour } from '../behaviour.ts';
import { certificateReplayer } from './certificate-replayer.ts';
import { conflictingBoundary } from './conflicting-boundary.ts';
import { equivocatingLeader } from './equivocating-leader.ts';
import { equivocatingVoter } from './equivocating-voter.ts';
import { equivocator } from './equivocator.ts';
import { falseParent } from './false-parent.ts';
import { fastClock } from './fast-clock.ts';
import { heightLiar } from './height-liar.ts';
import { invalidBlock } from './invalid-block.ts';
import { lateProposer } from './late-proposer.ts';
import { nuller } from './nuller.ts';
import { silent } from './silent.ts';
import { silentLeader } from './silent-leader.ts';
import { staleParent } from './stale-parent.ts';
import { withholder } from './withholder.ts';

export const BEHAVIOURS: readonly Behaviour[] = [
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
