// What a node and a signer process say to each other over their socket: requests with a number, one answer to each.
// The first request is HELLO.

import { ByteListType, type CompositeType, ContainerType, type ValueOf } from '@chainsafe/ssz';
import { ProposalData, VoteData } from '../../../primitives/consensus.ts';
import { encodeFrame } from '../../../primitives/frame.ts';
import { PeerBinding } from '../../../primitives/peer-binding.ts';
import { Bytes32, encodeText, Signature, TaggedUnionType, Uint8, Uint32, Uint64 } from '../../../primitives/ssz.ts';
import { SIGNER_ERROR_CODES, SignerError } from '../errors.ts';

export const VERSION = 1;
/** An error's text in UTF-8. */
const MAX_TEXT_BYTES = 1024;
/** More than any message has: the longest is an error. */
export const MAX_MESSAGE_BYTES = 2 * MAX_TEXT_BYTES;

const Hello = new ContainerType(
  { version: Uint8, publicKey: Bytes32, genesisHash: Bytes32 },
  { typeName: 'SignerHello' },
);
const Floor = new ContainerType({ epoch: Uint64, slot: Uint64 }, { typeName: 'SignerFloor' });

export type Call =
  /** which key of which network the node means */
  | { readonly selector: 0; readonly value: ValueOf<typeof Hello> }
  | { readonly selector: 1; readonly value: ProposalData }
  | { readonly selector: 2; readonly value: VoteData }
  | { readonly selector: 3; readonly value: ValueOf<typeof Floor> }
  | { readonly selector: 4; readonly value: ProposalData }
  | { readonly selector: 5; readonly value: VoteData }
  /** its value says nothing */
  | { readonly selector: 6; readonly value: number }
  | { readonly selector: 7; readonly value: PeerBinding };

const Call = new TaggedUnionType(
  [
    'HELLO',
    'SIGN_PROPOSAL',
    'SIGN_VOTE',
    'RAISE_FLOOR',
    'OBSERVED_PROPOSAL',
    'OBSERVED_VOTE',
    'LISTENED',
    'SIGN_PEER_BINDING',
  ],
  [Hello, ProposalData, VoteData, Floor, ProposalData, VoteData, Uint8, PeerBinding],
) as unknown as CompositeType<Call, Call, Call>;

const Failure = new ContainerType(
  { code: Uint8, listenMs: Uint32, message: new ByteListType(MAX_TEXT_BYTES) },
  { typeName: 'SignerFailure' },
);

export type Answer =
  /** its value says nothing */
  | { readonly selector: 0; readonly value: number }
  | { readonly selector: 1; readonly value: Uint8Array }
  | { readonly selector: 2; readonly value: ValueOf<typeof Failure> };

const Answer = new TaggedUnionType(
  ['DONE', 'SIGNATURE', 'FAILED'],
  [Uint8, Signature, Failure],
) as unknown as CompositeType<Answer, Answer, Answer>;

export const Request = new ContainerType({ id: Uint32, call: Call }, { typeName: 'SignerRequest' });
export const Response = new ContainerType({ id: Uint32, answer: Answer }, { typeName: 'SignerResponse' });

export const DONE: Answer = { selector: 0, value: 0 };

export function requestFrame(id: number, call: Call): Uint8Array {
  return encodeFrame(Request.serialize({ id, call }));
}

export function responseFrame(id: number, answer: Answer): Uint8Array {
  return encodeFrame(Response.serialize({ id, answer }));
}

export function failed(error: SignerError): Answer {
  const message = encodeText(error.message.toWellFormed()).slice(0, MAX_TEXT_BYTES);
  return {
    selector: 2,
    value: { code: SIGNER_ERROR_CODES.indexOf(error.code), listenMs: error.listenMs ?? 0, message },
  };
}

/** The error that a signer process has sent. */
export function failureOf({ code, listenMs, message }: ValueOf<typeof Failure>): SignerError {
  const known = SIGNER_ERROR_CODES[code];
  const text = new TextDecoder().decode(message); // cut within a character at worst
  if (known === undefined)
    return new SignerError('UNREACHABLE', `the signer failed in a way that this program does not know: ${text}`);
  return new SignerError(known, text, listenMs === 0 ? {} : { listenMs });
}
