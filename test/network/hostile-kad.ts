// A hostile peer's side of the DHT: what it answers to whoever asks for peers.

import type { Stream, StreamMessageEvent } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { peerIdOf } from '../../src/network/identity.ts';
import { concatBytes } from '../../src/primitives/bytes.ts';
import { type HostilePeer, names } from './hostile-peer.ts';

/** Message type 4, as question and as answer. */
export const FIND_NODE = Uint8Array.of(0x08, 4);
const PING = '/ipfs/ping/1.0.0';

/** One closer peer: an id that nobody has, at 127.0.0.1, port 1. */
export function fakePeer(number: number): Uint8Array {
  const id = new Uint8Array(32);
  new DataView(id.buffer).setUint32(0, number);
  const multihash = peerIdFromString(peerIdOf(id)).toMultihash().bytes;
  const address = Uint8Array.of(4, 127, 0, 0, 1, 6, 0, 1);
  const peer = concatBytes(Uint8Array.of(0x0a, multihash.length), multihash, Uint8Array.of(0x12, 8), address);
  return concatBytes(Uint8Array.of(0x42, peer.length), peer);
}

/** Answers pings, and whatever the DHT asks with `answer`. */
export async function serveKad(hostile: HostilePeer, answer: Uint8Array): Promise<{ asked: number; cut: number }> {
  const seen = { asked: 0, cut: 0 };
  await hostile.host.handle(PING, (stream: Stream) => {
    stream.addEventListener('message', ({ data }: StreamMessageEvent) => void stream.send(data));
  });
  await hostile.host.handle(names.kad, (stream: Stream) => {
    seen.asked += 1;
    stream.addEventListener('close', ({ error }) => {
      if (error !== undefined) seen.cut += 1;
    });
    stream.addEventListener('message', () => {
      for (let at = 0; at < answer.length && stream.status === 'open'; at += 60_000) {
        stream.send(answer.subarray(at, at + 60_000));
      }
    });
  });
  return seen;
}
