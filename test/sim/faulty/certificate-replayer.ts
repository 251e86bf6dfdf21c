// A member that spreads certificates that nobody should believe or need: long settled ones, and copies of genuine ones
// that are made to say something else. Attacks the checks at the door, and the work that one bogus certificate causes.

import type { ConsensusEvent, Message } from '../../../src/consensus/types.ts';
import { BitArray, type Certificate, FINAL, NOTAR } from '../../../src/primitives/consensus.ts';
import { sha256 } from '../../../src/primitives/hash.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';

/** How many old certificates it remembers. */
const MEMORY = 32;
/** Slots that a forged certificate is ahead of a genuine one. */
const FAR_AHEAD = 1000;

/** What a genuine certificate is made to say; none of these holds. */
const FORGERIES: readonly ((genuine: Certificate) => Certificate)[] = [
  function spoiltSignature({ signatures, ...rest }) {
    return {
      ...rest,
      signatures: signatures.map((signature, index) => (index === 0 ? sha256Twice(signature) : signature)),
    };
  },
  /** Everybody is said to have signed, some with the signature of somebody else. */
  function repeatedMember({ signatures, bitmap, ...rest }) {
    const everyone = BitArray.fromBoolArray(Array.from({ length: bitmap.bitLen }, () => true));
    const repeated = Array.from({ length: bitmap.bitLen }, (_, index) => signatures[index % signatures.length]);
    return { ...rest, bitmap: everyone, signatures: repeated as Uint8Array[] };
  },
  /** One member is said to be a quorum, with as many signatures as a quorum has. */
  function fewerMembers({ bitmap, ...rest }) {
    return { ...rest, bitmap: BitArray.fromSingleBit(bitmap.bitLen, 0) };
  },
  function moreMembers({ bitmap, ...rest }) {
    return { ...rest, bitmap: BitArray.fromBoolArray([...bitmap.toBoolArray(), true]) };
  },
  function otherEpoch(genuine) {
    return { ...genuine, epoch: genuine.epoch + 1 };
  },
  function farAhead(genuine) {
    return { ...genuine, slot: genuine.slot + FAR_AHEAD, kind: FINAL };
  },
  function otherBlock(genuine) {
    return { ...genuine, kind: NOTAR, hash: sha256(genuine.hash) };
  },
  function finalForNotar(genuine) {
    return { ...genuine, kind: FINAL };
  },
];

export const certificateReplayer: Behaviour = {
  name: 'certificate-replayer',
  send(message: Message, _to: number, node: FaultyNode): readonly Message[] {
    if (message.kind === 'certificate') remember(message.certificate, node);
    return [message];
  },
  onEvent({ type }: ConsensusEvent, node: FaultyNode): void {
    const known = remembered(node);
    if (type !== 'entered' || known.length === 0) return;
    node.broadcast({ kind: 'certificate', certificate: node.random.pick(known) });
    const newest = known.at(-1) as Certificate;
    node.broadcast({ kind: 'certificate', certificate: node.random.pick(FORGERIES)(newest) });
  },
  serveCertificates(from: number, to: number, node: FaultyNode): readonly Certificate[] {
    const held = node.core.certificates(from, to);
    return [...held, ...held.map((genuine) => node.random.pick(FORGERIES)(genuine))];
  },
};

function remembered(node: FaultyNode): Certificate[] {
  return node.once(`certificates of ${node.id}`, () => []);
}

function remember(certificate: Certificate, node: FaultyNode): void {
  const known = remembered(node);
  if (known.length === MEMORY) known.splice(node.random.integer(MEMORY), 1);
  known.push(certificate);
}

function sha256Twice(bytes: Uint8Array): Uint8Array {
  const half = sha256(bytes);
  return Uint8Array.from([...half, ...half]);
}
