// What befalls a world while its weather is rough: crashes of one node or of all, at any time or at a durable write,
// and partitions that come and go. Afterwards everything is up and connected.

import type { Loss, SimNode } from './node.ts';
import type { World } from './world.ts';

/** Chance that a node crashes at a durable write. */
const CRASHES_AT_WRITE = 0.002;
/** ms, longest time that a node is down. */
const LONGEST_DOWNTIME = 8000;
const LONGEST_BLACKOUT = 1000;

const LOSSES: readonly Loss[] = ['nothing', 'nothing', 'the database', 'the database and the journal'];

export interface AccidentsOptions {
  readonly world: World;
  /** the honest member that may come back without its database or its journal: it counts among the faulty ones */
  readonly forgetful: number | undefined;
  /** one side of a partition that lasts until the weather is fair, in the place of many that come and go */
  readonly split: readonly number[] | undefined;
}

export class Accidents {
  readonly #o: AccidentsOptions;

  constructor(options: AccidentsOptions) {
    this.#o = options;
  }

  plan(): void {
    const { without } = this.#o.world;
    if (!without.has('crashes')) this.#planCrash();
    if (!without.has('blackouts')) this.#planBlackout();
    if (!without.has('partitions')) this.#planPartition();
  }

  /** Whether the node crashes at the write that it is about to complete; if so, it is down now. */
  atWrite(node: SimNode): boolean {
    const { world } = this.#o;
    if (world.scene.crashesAtWrite?.(node.id)) {
      this.#crash(node, LONGEST_BLACKOUT);
      return true;
    }
    if (world.network.stable || world.without.has('write-crashes') || !world.random.chance(CRASHES_AT_WRITE))
      return false;
    this.#crash(node, LONGEST_DOWNTIME);
    return true;
  }

  #planCrash(): void {
    const { world } = this.#o;
    this.#later(500, 6000, () => {
      this.#crash(world.random.pick(world.nodes), LONGEST_DOWNTIME);
      this.#planCrash();
    });
  }

  /** All at once: of the whole network only what is durable is left. */
  #planBlackout(): void {
    const { world } = this.#o;
    this.#later(2000, 12_000, () => {
      world.faults.add('blackouts');
      world.note({ what: 'blackout' });
      for (const node of world.nodes) this.#crash(node, LONGEST_BLACKOUT);
      this.#planBlackout();
    });
  }

  #planPartition(): void {
    const { world, split } = this.#o;
    const { random, network } = world;
    if (split !== undefined) return network.split(new Set(split));
    this.#later(1000, 8000, () => {
      const side: ReadonlySet<number> = new Set(world.nodes.filter(() => random.chance(0.5)).map(({ id }) => id));
      const isMute = random.chance(0.4);
      if (isMute) network.mute(side);
      else network.split(side);
      world.note({ what: `${isMute ? 'nobody hears' : 'cut off:'} ${[...side].join(' ')}` });
      world.scheduler.after(random.between(200, 5000), () => {
        network.heal();
        world.note({ what: 'all connected' });
        this.#planPartition();
      });
    });
  }

  #crash(node: SimNode, longest: number): void {
    const { random, scheduler, faults, stableAt } = this.#o.world;
    if (!node.up) return;
    node.crash();
    faults.add('crashes');
    const downtime = Math.min(random.between(10, longest), stableAt - scheduler.now);
    const loss = node.member === this.#o.forgetful ? random.pick(LOSSES) : 'nothing';
    if (loss !== 'nothing') faults.add(`losses of ${loss}`);
    scheduler.after(downtime, () => node.restart(loss));
  }

  /** Some time (ms) from now, if the weather is still rough by then. */
  #later(shortest: number, longest: number, happen: () => void): void {
    const { random, scheduler, network } = this.#o.world;
    scheduler.after(random.between(shortest, longest), () => {
      if (!network.stable) happen();
    });
  }
}
