// What an operator can set, and the bounds that keep one client from taking a node's time and memory from the others.

import type { Rate } from '../primitives/token-bucket.ts';

export interface RpcOptions {
  /** RPC_HOST; an address other than loopback opens the node to the network */
  readonly host: string;
  /** RPC_PORT; 0 takes any free port */
  readonly port: number;
  /** WS_PORT; 0 takes any free port */
  readonly wsPort: number;
  /** rpc_timeout: how long `wait` waits */
  readonly timeoutMs: number;
  readonly limits: RpcLimits;
}

export interface RpcLimits {
  /** of one request; the largest transaction has under 20 kB of JSON */
  readonly maxBodyBytes: number;
  /** of a JSON-RPC batch */
  readonly maxBatchBytes: number;
  /** calls in a JSON-RPC batch */
  readonly maxBatchCalls: number;
  /** of the answer to a JSON-RPC batch; the largest block has about 5 MB of JSON */
  readonly maxBatchAnswerBytes: number;
  /** open TCP connections for each port */
  readonly maxConnections: number;
  /** for the headers of a request to arrive */
  readonly headersTimeoutMs: number;
  /** for a whole request to arrive */
  readonly requestTimeoutMs: number;
  /** requests that wait for a transaction to be notarized or finalized */
  readonly maxWaits: number;
  /** calls by one client address; a batch counts each of its calls */
  readonly calls: Rate;
  /** the same for clients on this machine: wallets, benchmarks, a reverse proxy */
  readonly loopbackCalls: Rate;
  /** gifts to one account */
  readonly faucetPerAddress: Rate;
  /** gifts to one client address */
  readonly faucetPerClient: Rate;
  /** WebSocket connections, on both ports together */
  readonly maxSockets: number;
  readonly maxSubscriptions: number;
  readonly maxSocketMessageBytes: number;
  /** unfinished calls of one WebSocket; then it is not read until one has finished */
  readonly maxSocketCalls: number;
  /** bytes that wait for a slow WebSocket client before it is dropped; two full blocks of transaction events fit */
  readonly maxSocketBufferBytes: number;
  /** without a byte taken by a WebSocket client that catches up, before it is dropped */
  readonly socketStallMs: number;
  /** between two pings; a client that misses one is gone */
  readonly socketPingMs: number;
  /** for requests in flight when the server stops */
  readonly drainMs: number;
}

export const DEFAULT_LIMITS: RpcLimits = {
  maxBodyBytes: 256 * 1024,
  maxBatchBytes: 1024 * 1024,
  maxBatchCalls: 256,
  maxBatchAnswerBytes: 16 * 1024 * 1024,
  maxConnections: 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  maxWaits: 8192,
  calls: { perSecond: 200, burst: 1000 },
  loopbackCalls: { perSecond: 50_000, burst: 100_000 },
  faucetPerAddress: { perSecond: 1 / 60, burst: 3 },
  faucetPerClient: { perSecond: 1 / 10, burst: 20 },
  maxSockets: 256,
  maxSubscriptions: 64,
  maxSocketMessageBytes: 64 * 1024,
  maxSocketCalls: 128,
  maxSocketBufferBytes: 16 * 1024 * 1024,
  socketStallMs: 30_000,
  socketPingMs: 30_000,
  drainMs: 2_000,
};
