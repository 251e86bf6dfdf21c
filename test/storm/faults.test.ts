// The script of a storm: repeatable, with every kind of fault early, and never more lost than a quorum can make good.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../sim/random.ts';
import { drawRound, type Fault } from './faults.ts';

const faults = suite('faults of a storm');

function script(seed: number, nodes: number, rounds: number): Fault[][] {
  const random = new Random(seed);
  return Array.from({ length: rounds }, (_, number) => [...drawRound(random, nodes, number).faults]);
}

faults('the same seed gives the same faults, another seed others', () => {
  assert.equal(script(7, 4, 20), script(7, 4, 20));
  assert.not.equal(script(7, 4, 20), script(8, 4, 20));
});

faults('a few rounds see every kind of fault', () => {
  for (const nodes of [4, 7]) {
    for (let seed = 0; seed < 50; seed++) {
      const drawn = script(seed, nodes, 6).flat();
      for (const kind of ['kill', 'freeze', 'clock']) assert.ok(drawn.some((fault) => fault.kind === kind));
      assert.ok(drawn.some((fault) => fault.kind === 'kill' && fault.nodes.length === nodes));
      assert.ok(drawn.some((fault) => fault.kind === 'kill' && fault.wiped !== 'nothing'));
    }
  }
});

faults('a round wipes at most as many databases as may fail, and names nodes that exist, each once', () => {
  for (const [nodes, tolerated] of [
    [4, 1],
    [7, 2],
  ] as const) {
    for (const round of script(1, nodes, 600)) {
      const wiped = round.flatMap((fault) => (fault.kind === 'kill' && fault.wiped !== 'nothing' ? fault.nodes : []));
      assert.ok(wiped.length <= tolerated);
      for (const fault of round) {
        assert.is(new Set(fault.nodes).size, fault.nodes.length);
        assert.ok(fault.nodes.length > 0 && fault.nodes.every((node) => node >= 0 && node < nodes));
      }
    }
  }
});

faults.run();
