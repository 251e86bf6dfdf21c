// What a host makes of the conduct of its peers: points for what they do, and a ban for who has too many.

import type { Logger } from 'pino';
import { type Ban, type BanList, FIRST_BAN_MS } from './ban-list.ts';
import type { NetworkObserver } from './observer.ts';
import type { OffenceKind } from './offences.ts';
import { DISCONNECT_AT, type PenaltyBook } from './scoring.ts';

export interface ConductContext {
  readonly penalties: PenaltyBook;
  readonly bans: BanList;
  readonly isConfigured: (peer: string) => boolean;
  readonly logger: Logger;
  readonly observer?: Pick<NetworkObserver, 'offence'> | undefined;
}

export class Conduct {
  readonly #c: ConductContext;

  constructor(context: ConductContext) {
    this.#c = context;
  }

  /** Counts an offence. @returns whether the peer has too many, and is banned now. */
  count(peer: string, kind: OffenceKind, reason: string): boolean {
    const { penalties, bans, isConfigured, logger, observer } = this.#c;
    const points = penalties.add(peer, kind, reason);
    observer?.offence(kind);
    logger.debug({ peer, offence: kind, reason, points: Math.round(points) }, 'offence of a peer');
    if (points < DISCONNECT_AT) return false;
    const last = penalties.offences(peer)[0]?.reason ?? reason;
    // Those that the operator names are worth another try soon.
    const longest = isConfigured(peer) ? FIRST_BAN_MS : undefined;
    const ban = bans.punish(peer, `too many offences, at last: ${last}`, longest);
    if (ban !== undefined)
      logger.warn({ peer, until: new Date(ban.until), times: ban.times, reason: last }, 'peer banned');
    return true;
  }

  /** By hand; those who are connected have yet to be dropped. @throws as `BanList.ban` does */
  async ban(target: string, milliseconds: number, reason: string): Promise<Ban> {
    const ban = await this.#c.bans.ban(target, milliseconds, reason);
    this.#c.logger.warn({ target: ban.target, until: new Date(ban.until), reason }, 'banned by the operator');
    return ban;
  }

  /** With a clean slate. @returns whether it was banned. @throws as `BanList.unban` does */
  async unban(target: string): Promise<boolean> {
    const wasBanned = await this.#c.bans.unban(target);
    this.#c.penalties.forgive(target);
    this.#c.logger.info({ target, wasBanned }, 'unbanned by the operator');
    return wasBanned;
  }
}
