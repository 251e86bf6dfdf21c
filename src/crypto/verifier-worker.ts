// The thread side of VerifierPool: takes packed batches, judges them, sends them back. Urgent batches arrive on a port
// of their own, which is looked at before every bulk job, so that a vote never waits for the rest of a batch.

import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { verifyNative } from './keys.ts';
import { judgeBatch } from './signature-batch.ts';

/** What the pool passes at start. */
export interface VerifierWorkerData {
  readonly urgent: MessagePort;
}

/** One batch on its way there and back. */
export interface BatchMessage {
  readonly id: number;
  readonly buffer: ArrayBuffer;
}

const { urgent } = workerData as VerifierWorkerData;

function judge(batch: BatchMessage, between: () => void): void {
  judgeBatch(batch.buffer, verifyNative, between);
  parentPort?.postMessage(batch, [batch.buffer]);
}

function takeUrgent(): void {
  const received = receiveMessageOnPort(urgent) as { message: BatchMessage } | undefined;
  if (received !== undefined) judge(received.message, nothingBetween);
}

function nothingBetween(): void {
  // an urgent batch is not interrupted
}

urgent.on('message', (batch: BatchMessage) => judge(batch, nothingBetween));
parentPort?.on('message', (batch: BatchMessage) => judge(batch, takeUrgent));
