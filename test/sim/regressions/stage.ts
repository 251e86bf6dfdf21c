// A calm world made by hand: nothing befalls it but what a test does to it, and the clocks tick as on the devnet. All
// invariants of the drawn worlds are watched here too.

import { baseTimeout } from '../../../src/primitives/parameters.ts';
import { PARAMETERS } from '../../consensus/fixtures.ts';
import type { Behaviour } from '../behaviour.ts';
import type { EpochPlan } from '../electorates.ts';
import { FAULT_CLASSES } from '../fault-class.ts';
import type { SimNode } from '../node.ts';
import type { Topology } from '../overlay.ts';
import type { Scene } from '../scene.ts';
import { type Implementation, World } from '../world.ts';

/** ms: two hours. Until then a test may cut what it likes. */
const ROUGH_FOR = 7_200_000;

export interface StageOptions extends Omit<Scene, 'roughFor'> {
  readonly nodes: number;
  readonly seed?: number;
  readonly faulty?: readonly Behaviour[];
  readonly topology?: Topology;
  readonly implementation?: Implementation;
  readonly epochs?: EpochPlan;
}

export class Stage {
  readonly world: World;
  /** ms, one timeout */
  readonly base: number;

  constructor({ nodes, seed = 1, faulty = [], topology = 'mesh', implementation, epochs, ...scene }: StageOptions) {
    const parameters = scene.parameters ?? PARAMETERS;
    this.base = baseTimeout(parameters);
    this.world = new World({
      seed,
      slots: 0,
      weights: Array.from({ length: nodes }, () => 1),
      faulty,
      topology,
      distances: 'lan',
      without: new Set(FAULT_CLASSES),
      scene: { ...scene, parameters, roughFor: ROUGH_FOR },
      ...(implementation !== undefined && { implementation }),
      ...(epochs !== undefined && { epochs }),
    });
    this.world.begin();
  }

  get honest(): readonly SimNode[] {
    return this.world.nodes.filter(({ member }) => this.world.isHonest(member));
  }

  /** ms of the world's time */
  get now(): number {
    return this.world.scheduler.now;
  }

  /** Lets time go by. @param milliseconds of the world's time */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    await this.until(() => this.now >= end, milliseconds + 60_000);
  }

  /**
   * Looks after every event.
   * @param patience ms
   * @returns ms that went by
   * @throws {Error} when patience ends
   */
  async until(isTrue: () => boolean, patience: number): Promise<number> {
    const start = this.now;
    while (!isTrue()) {
      if (this.now > start + patience) throw new Error(`still not so after ${patience} ms: ${isTrue}`);
      await this.world.step();
    }
    return this.now - start;
  }

  /** How long it takes until every honest node has finalized another block. @returns ms */
  untilAllGoOn(patience: number): Promise<number> {
    const heights = this.honest.map(({ database }) => database.height);
    return this.until(() => this.honest.every((node, index) => node.database.height > (heights[index] ?? 0)), patience);
  }
}
