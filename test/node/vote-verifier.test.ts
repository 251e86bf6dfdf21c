// Who checks the signatures of consensus, and that bad ones are told apart; with the real worker pool.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { certificateChecks } from '../../src/consensus/certificate.ts';
import { VerifierPool } from '../../src/crypto/verifier.ts';
import { voteVerifier } from '../../src/node/vote-verifier.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { forge, GENESIS_HASH, MEMBERS, sign } from '../sync/fixture.ts';

const voteVerifierTest = suite('vote verifier');

voteVerifierTest(
  'few signatures are checked on this thread, more by the workers and urgently; the bad are told apart',
  async () => {
    const pool = new VerifierPool({ threads: 1 });
    const asked: [count: number, priority: string | undefined][] = [];
    const verify = voteVerifier({
      verifyAll: (jobs, priority) => {
        asked.push([jobs.length, priority]);
        return pool.verifyAll(jobs, priority);
      },
    });
    try {
      const certificate = sign(sha256(Uint8Array.of(5)), 1, { voters: [0, 1, 2, 3] });
      const four = certificateChecks(certificate, MEMBERS, GENESIS_HASH);
      const forged = certificateChecks(forge(certificate), MEMBERS, GENESIS_HASH);
      assert.equal(await verify([]), []);
      assert.equal(await verify(four), [true, true, true, true]);
      assert.equal(await verify(forged), [false, true, true, true]);
      assert.equal(
        await verify(certificateChecks(certificate, MEMBERS, sha256(Uint8Array.of(6)))),
        new Array(4).fill(false),
      );
      assert.equal(asked, []);
      const verdicts = await withTimeout(verify([...four, ...forged]), 5000, 'the workers');
      assert.equal(verdicts, [true, true, true, true, false, true, true, true]);
      assert.equal(asked, [[8, 'urgent']]);
    } finally {
      await pool.close();
    }
  },
);

voteVerifierTest.run();
