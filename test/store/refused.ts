// What a test says when the store must refuse something, and with which code.

import * as assert from 'uvu/assert';
import { StoreError, type StoreErrorCode } from '../../src/store/errors.ts';

/** Resolves with the error that `promise` rejects with; fails unless it is a StoreError of that code. */
export async function refused(promise: Promise<unknown>, code: StoreErrorCode): Promise<StoreError> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    assert.is(error.code, code, error.message);
    return error;
  }
  return assert.unreachable(`expected a StoreError ${code}`) as never;
}
