// What gossip knows a message by: its topic and its bytes.

import { hash } from 'node:crypto';

export interface GossipMessage {
  readonly topic: string;
  readonly data: Uint8Array;
}

const ID_BYTES = 20;
/** Position of the first letter of tx, block or vote in `/aitbc/<8 hex digits>/<topic>/1`. */
const TOPIC_LETTER = '/aitbc/00000000/'.length;

export class MessageIds {
  /** What has just been read is asked for by who counts copies, and a moment later by the library. */
  #latest: { readonly topic: string; readonly data: Uint8Array; readonly id: Uint8Array } | undefined;

  of({ topic, data }: GossipMessage): Uint8Array {
    if (this.#latest?.data !== data || this.#latest.topic !== topic) {
      this.#latest = { topic, data, id: messageId(topic, data) };
    }
    return this.#latest.id;
  }
}

/**
 * Content hash under the topic's name. Without the topic, bytes of a vote sent on another topic would be rejected there
 * and make every node take the real vote for a duplicate.
 */
function messageId(topic: string, data: Uint8Array): Uint8Array {
  const digest = hash('sha256', data, 'buffer');
  const id = new Uint8Array(ID_BYTES);
  id.set(digest.subarray(0, ID_BYTES));
  id[0] = topic.charCodeAt(TOPIC_LETTER);
  return id;
}
