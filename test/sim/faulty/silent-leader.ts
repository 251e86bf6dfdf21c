// A member that votes like any other and never proposes. Attacks progress: its slots cost a timeout each, since it is
// heard from and so is not passed over.

import type { Behaviour } from '../behaviour.ts';

export const silentLeader: Behaviour = { name: 'silent-leader', build: () => undefined };
