// With what each part of a node is opened. Parts are opened in the order of the house, disk first and doors last, and each
// says at once how it is stopped, since one that is opened after it may fail.

import type { EventEmitter } from 'node:events';
import type { RpcEvents } from '../../rpc/dependencies.ts';
import type { NodeConfig } from '../config.ts';
import type { NodeInputs } from '../lifecycle.ts';
import type { OwnValidator } from '../own-validator.ts';
import type { Teardown } from '../teardown.ts';

export interface Opening {
  readonly config: NodeConfig;
  readonly inputs: NodeInputs;
  readonly teardown: Teardown;
  /** what subscribers are told */
  readonly events: EventEmitter<RpcEvents>;
  /** The node can not go on: whoever has started it is told why. */
  readonly fail: (error: Error) => void;
}

/** @returns undefined on a node that only follows */
export function ownValidator({ validatorKey, remoteOperator }: Opening['inputs']): OwnValidator | undefined {
  return validatorKey ?? (remoteOperator && { operator: remoteOperator });
}
