// A member that only listens: dead to all others, which should soon pass over its slots.

import type { Behaviour } from '../behaviour.ts';

export const silent: Behaviour = {
  name: 'silent',
  send: () => [],
  serveBlock: () => undefined,
  serveCertificates: () => undefined,
  serveChain: () => undefined,
  relays: false,
};
