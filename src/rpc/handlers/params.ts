// params: the rules under which the present epoch runs.

import { currentEpoch } from '../../ledger/records.ts';
import { CONSENSUS_MODES, type ConsensusMode } from '../../primitives/genesis.ts';
import { type JsonValue, toJson } from '../../primitives/json.ts';
import { Parameters } from '../../primitives/parameters.ts';
import { named } from '../views.ts';
import type { Services } from './method.ts';

export interface ParamsView {
  epoch: number;
  mode: ConsensusMode;
  /** what a node must speak to take part in this epoch */
  protocol_version: number;
  /** each in its own unit: ms, units, millionths, bytes or a number */
  parameters: JsonValue;
  height: number;
}

export function getParams({ chain }: Pick<Services, 'chain'>): ParamsView {
  const { reader, header } = chain.state();
  const { epoch, mode, protocolVersion, parameters } = currentEpoch(reader);
  return {
    epoch,
    mode: named(CONSENSUS_MODES, mode),
    protocol_version: protocolVersion,
    parameters: toJson(Parameters, parameters),
    height: header.height,
  };
}
