// A test file on a machine of its own: it starts itself again as the first process of new namespaces for network, mounts
// and processes. When that process ends, however it ends, the kernel ends all others and removes every interface with
// them; the machine around it never sees any of this.

import { spawn, spawnSync } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { suite, type Test } from 'uvu';
import { FULL } from './size.ts';

const MARK = 'AITBC_TEST_NAMESPACES';
const NEW = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];
/** First as root, who need not be one elsewhere; then as anybody where users may be root among themselves. */
const WAYS = [NEW, ['--user', '--map-root-user', ...NEW]];
/** `ip netns` keeps its names below /run: in one of our own. */
export const PREPARE = 'mount -t tmpfs tests /run && mkdir /run/netns';
/** What hosts.ts will do, once. */
const TRIAL = `${PREPARE} && ip netns add trial && ip -n trial link add p2p type vxlan id 1 dstport 1 && ip netns exec trial true`;
const NEEDS = 'Linux with vxlan, util-linux and iproute2, and root or user namespaces for everybody';
/** Administrators' tools may not be on the path of users. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

type Place =
  | { readonly kind: 'inside' }
  | { readonly kind: 'outside'; readonly unshare: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string };

function findPlace(): Place {
  if (process.env[MARK] !== undefined) return { kind: 'inside' };
  const reasons: string[] = [];
  for (const unshare of WAYS) {
    const { status, stderr, error } = spawnSync('unshare', [...unshare, 'sh', '-c', TRIAL], {
      env: { ...process.env, PATH },
      encoding: 'utf8',
    });
    if (status === 0) return { kind: 'outside', unshare };
    reasons.push(error?.message ?? stderr.trim().replaceAll('\n', ', '));
  }
  return { kind: 'refused', reason: reasons.join('; ') };
}

const place = findPlace();

/** A suite of tests that need hosts: run inside, skipped where there can be no namespaces. */
export class HostSuite {
  readonly #suite: Test;
  readonly #file: string;
  #count = 0;

  /** @param url of the test file */
  constructor(name: string, url: string) {
    this.#suite = suite(name);
    this.#file = fileURLToPath(url);
  }

  test(name: string, body: () => Promise<void>): void {
    this.#count += 1;
    if (place.kind === 'inside') this.#suite(name, body);
    else this.#suite.skip(name, body);
  }

  /** One of the full form only. */
  long(name: string, body: () => Promise<void>): void {
    if (FULL) this.test(name, body);
  }

  /** @param prepare before the first test @param clear after the last */
  around(prepare: () => Promise<void>, clear: () => Promise<void>): void {
    if (place.kind !== 'inside') return;
    this.#suite.before(prepare);
    this.#suite.after(clear);
  }

  run(): void {
    if (this.#count > 0 && place.kind === 'outside') return runInside(place.unshare, this.#file);
    if (this.#count === 0) {
      console.log('skipped: only `make test-net` runs these');
    } else if (place.kind === 'refused') {
      console.log(`skipped: no network namespaces here (${place.reason}); they need ${NEEDS}`);
    } else {
      // Whoever started this holds the other end, and may be killed without a word.
      process.stdin.on('end', () => process.exit(1)).resume();
      if (process.stdin instanceof Socket) process.stdin.unref();
    }
    this.#suite.run();
  }
}

function runInside(unshare: readonly string[], file: string): void {
  const child = spawn('unshare', [...unshare, process.execPath, ...process.execArgv, file], {
    env: { ...process.env, PATH, [MARK]: '1' },
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
