// A member that only listens: dead to all others.

import type { Behaviour } from '../behaviour.ts';

export const silent: Behaviour = {
  name: 'silent',
  relays: false,
  send: () => [],
  serveBlock: () => undefined,
  serveCertificates: () => undefined,
  serveChain: () => undefined,
};
