// Who is kept out, until when and why: peers by id, hosts by IP address. On disk, so that a restart lets nobody in. What
// the node bans by itself it bans longer each time; what the operator bans stays as it was said.

import { readFile, rename, stat } from 'node:fs/promises';
import type { Connection } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { z } from 'zod';
import { isSystemError, replaceDurably } from '../crypto/durable-file.ts';
import { utf8 } from '../primitives/bytes.ts';
import { asError } from '../primitives/errors.ts';
import { NetworkError } from './errors.ts';
import { ipKey, ipOf } from './ip.ts';

export interface Ban {
  /** a peer id, an IPv4 address, or the first half of an IPv6 address with /64 */
  readonly target: string;
  readonly by: 'node' | 'operator';
  /** for people */
  readonly reason: string;
  /** ms since 1970 */
  readonly since: number;
  readonly until: number;
  /** how often the node has banned it, less than a day apart; 0 when only the operator has */
  readonly times: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A peer that has lost its points for the first time is out for so long … */
export const FIRST_BAN_MS = MINUTE_MS;
/** … and at last for a day. */
const LENGTHS_MS = [FIRST_BAN_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS] as const;
/** A peer that was not banned for so long begins anew. */
const REMEMBERED_MS = DAY_MS;
/** By the operator; a year is as good as for ever. */
export const LONGEST_BAN_MS = 365 * DAY_MS;
/** New peer ids cost nothing: of too many, the node's own bans that would end first are forgotten. */
const MAX_BANS = 1000;
const MAX_REASON_CHARACTERS = 200;
const MAX_FILE_BYTES = 1024 * 1024;
/** A clock that is set back makes what it said before the future: a ban of a minute would last for as long. */
const CLOCK_DRIFT_MS = MINUTE_MS;
/** Bans come in crowds, as does the disk's patience. */
const WRITE_DELAY_MS = 1000;
const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{46,64}$/;

const target = z.string().refine((text) => PEER_ID.test(text) || ipKey(text) === text);
const time = z.number().int().nonnegative();
const BanFile = z.strictObject({
  version: z.literal(1),
  bans: z
    .array(
      z.strictObject({
        target,
        by: z.enum(['node', 'operator']),
        reason: z.string().max(MAX_REASON_CHARACTERS),
        since: time,
        until: time,
        times: time,
      }),
    )
    .max(MAX_BANS),
});

/** The form in which a peer id or an IP address is banned. @throws {NetworkError} BAD_TARGET */
export function banTarget(text: string): string {
  const key = PEER_ID.test(text) ? text : ipKey(text);
  if (key !== undefined) return key;
  throw new NetworkError('BAD_TARGET', `"${text.slice(0, 100)}" is neither a peer id (12D3KooW…) nor an IP address`);
}

export interface BanListOptions {
  /** undefined keeps the list in memory only */
  readonly file: string | undefined;
  /** ms since 1970 */
  readonly now: () => number;
  readonly logger: Logger;
}

export class BanList {
  readonly #o: BanListOptions;
  readonly #bans = new Map<string, Ban>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: BanListOptions) {
    this.#o = options;
  }

  /** A file that is no ban list is set aside: the node starts without it. */
  static async open(options: BanListOptions): Promise<BanList> {
    const list = new BanList(options);
    const { file, logger } = options;
    if (file === undefined) return list;
    try {
      if ((await stat(file)).size > MAX_FILE_BYTES) throw new RangeError(`it has more than ${MAX_FILE_BYTES} bytes`);
      const { bans } = BanFile.parse(JSON.parse(await readFile(file, 'utf8')));
      for (const ban of bans) list.#bans.set(ban.target, ban);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return list;
      const aside = `${file}.broken`;
      logger.error({ file, aside, reason: asError(error).message }, 'this is no list of bans: nobody is banned now');
      await rename(file, aside);
    }
    return list;
  }

  /** The ban that is in force. */
  find(key: string): Ban | undefined {
    const ban = this.#bans.get(key);
    return ban !== undefined && this.#isInForce(ban) ? ban : undefined;
  }

  /** The ban in force of the host at an address. */
  ofHost(address: Multiaddr): Ban | undefined {
    const ip = ipOf(address);
    return ip === undefined ? undefined : this.find(ip);
  }

  /** The ban in force of the peer behind a connection, or of its host. */
  of({ remotePeer, remoteAddr }: Pick<Connection, 'remotePeer' | 'remoteAddr'>): Ban | undefined {
    return this.find(remotePeer.toString()) ?? this.ofHost(remoteAddr);
  }

  /** Those in force, the longest first. */
  list(): Ban[] {
    return [...this.#bans.values()].filter((ban) => this.#isInForce(ban)).sort((a, b) => b.until - a.until);
  }

  /**
   * Of the node's own accord.
   * @param longest ms
   * @returns undefined when the peer is banned already, or the operator's bans leave no room.
   */
  punish(peer: string, reason: string, longest: number = DAY_MS): Ban | undefined {
    const now = this.#o.now();
    const last = this.#bans.get(peer);
    if (last !== undefined && this.#isInForce(last)) return undefined;
    const times = 1 + (last !== undefined && now < last.until + REMEMBERED_MS ? last.times : 0);
    const length = Math.min(longest, LENGTHS_MS[times - 1] ?? DAY_MS);
    if (!this.#hasRoom(peer)) return undefined;
    const ban = this.#put({ target: peer, by: 'node', reason, since: now, until: now + length, times });
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_DELAY_MS);
    return ban;
  }

  /**
   * By hand. Resolves when it is on the disk.
   * @param text a peer id or an IP address
   * @throws {NetworkError} BAD_TARGET, TOO_MANY_BANS; a system error of the disk
   */
  async ban(text: string, milliseconds: number, reason: string): Promise<Ban> {
    const key = banTarget(text);
    const now = this.#o.now();
    const length = Math.min(milliseconds, LONGEST_BAN_MS);
    if (!this.#hasRoom(key)) throw new NetworkError('TOO_MANY_BANS', `${MAX_BANS} are banned already: unban some`);
    const times = this.#bans.get(key)?.times ?? 0;
    const ban = this.#put({ target: key, by: 'operator', reason, since: now, until: now + length, times });
    await this.#save();
    return ban;
  }

  /** Forgets that it ever was banned. @returns whether it was until now. @throws {NetworkError} BAD_TARGET; of the disk */
  async unban(text: string): Promise<boolean> {
    const key = banTarget(text);
    const wasBanned = this.find(key) !== undefined;
    if (this.#bans.delete(key)) await this.#save();
    return wasBanned;
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) await this.#write();
    await this.#writing;
  }

  #isInForce({ by, since, until }: Ban): boolean {
    const now = this.#o.now();
    return now < until && (by === 'operator' || since <= now + CLOCK_DRIFT_MS);
  }

  #put(ban: Ban): Ban {
    const bounded = { ...ban, reason: ban.reason.slice(0, MAX_REASON_CHARACTERS) };
    this.#bans.set(ban.target, bounded);
    return bounded;
  }

  /** Forgets what is over, and when that is not enough, the node's own ban that would end first. */
  #hasRoom(key: string): boolean {
    const now = this.#o.now();
    for (const [other, { until, times }] of this.#bans) {
      if (until + (times === 0 ? 0 : REMEMBERED_MS) <= now) this.#bans.delete(other);
    }
    if (this.#bans.has(key) || this.#bans.size < MAX_BANS) return true;
    const end = (ban: Ban) => (this.#isInForce(ban) ? ban.until : 0);
    const own = [...this.#bans.values()].filter(({ by }) => by === 'node').sort((a, b) => end(a) - end(b));
    return own[0] !== undefined && this.#bans.delete(own[0].target);
  }

  /** Nobody waits for it. */
  async #write(): Promise<void> {
    try {
      await this.#save();
    } catch (error) {
      this.#o.logger.warn({ reason: asError(error).message }, 'the list of bans could not be written');
    }
  }

  #save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { file } = this.#o;
    if (file === undefined) return Promise.resolve();
    const written = this.#writing.then(() => {
      const bans = [...this.#bans.values()];
      return replaceDurably(file, utf8(`${JSON.stringify({ version: 1, bans }, undefined, 1)}\n`));
    });
    this.#writing = written.catch(() => undefined);
    return written;
  }
}
