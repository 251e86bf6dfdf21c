// A member that only listens: dead to all others.

import type { Behaviour } from '../node.ts';

export const silent: Behaviour = { name: 'silent', helps: false, send: () => undefined };
