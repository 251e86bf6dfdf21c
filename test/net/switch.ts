// The switch between the hosts of a test, a process of its own: every packet between two of them comes here in VXLAN, and
// goes on at once, later, or never, as the links of the moment say, and rewritten where a router is on the way. So TCP sees
// the delay and the loss of a long way, with whatever the kernel can or can not do about either.

import { createSocket } from 'node:dgram';
import { Random } from '../sim/random.ts';
import { writeChecksum } from './frames.ts';
import { GOOD_LINK, type Link, Queue } from './links.ts';
import type { Forward } from './router.ts';
import { type Site, Wires } from './wires.ts';

/** What the test tells it; each order is answered once it holds, with what was done since the last one. */
export interface Order {
  /** those that are not good, by `<from>-<to>`, hosts counted from 1 */
  readonly links: Readonly<Record<string, Link>>;
  /** of routers, by their host, counted from 1 */
  readonly forwards: Readonly<Record<string, readonly Forward[]>>;
}

export interface Counts {
  readonly passed: number;
  readonly lost: number;
  readonly cut: number;
  /** that all which passed were under way, together */
  readonly milliseconds: number;
}

const SOCKET_BUFFER_BYTES = 8 << 20;
/** Per link; a router would not keep more either. */
const MOST_UNDER_WAY = 10_000;

const [address, port, seed, sites] = process.argv.slice(2) as [string, string, string, string];
const network = address.slice(0, address.lastIndexOf('.') + 1);
const random = new Random(Number(seed));
const wires = new Wires(JSON.parse(sites) as Site[]);
const socket = createSocket({
  type: 'udp4',
  recvBufferSize: SOCKET_BUFFER_BYTES,
  sendBufferSize: SOCKET_BUFFER_BYTES,
});
const queues = new Map<string, Queue<Buffer>>();
let links: Order['links'] = {};
let counts = { passed: 0, lost: 0, cut: 0, milliseconds: 0 };

socket.on('message', (packet, { address: sender }) => {
  const from = Number(sender.slice(network.length));
  const to = wires.route(packet, from);
  if (to === undefined) return;
  const name = `${from}-${to}`;
  const link = links[name] ?? GOOD_LINK;
  const queue = queues.get(name) ?? new Queue();
  queues.set(name, queue);
  const now = performance.now();
  const arrival = queue.length < MOST_UNDER_WAY ? queue.add(packet, link, now, random) : undefined;
  if (arrival === undefined) {
    counts[link.cut ? 'cut' : 'lost']++;
    return;
  }
  counts.passed++;
  counts.milliseconds += arrival - now;
  writeChecksum(packet);
  const deliver = () => {
    for (const next of queue.take(arrival)) socket.send(next, Number(port), `${network}${to}`);
  };
  if (arrival <= now) deliver();
  else setTimeout(deliver, arrival - now);
});

process.on('message', (order: Order) => {
  ({ links } = order);
  wires.setForwards(order.forwards);
  process.send?.(counts satisfies Counts);
  counts = { passed: 0, lost: 0, cut: 0, milliseconds: 0 };
});
process.on('disconnect', () => process.exit());

socket.bind(Number(port), address, () => process.send?.(counts satisfies Counts));
