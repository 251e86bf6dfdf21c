// What a command's exit code says to a script (docs/operators.md lists them too). Append only.

export const EXIT = {
  ok: 0,
  /** a fault of this program: please report it */
  internal: 1,
  /** unknown command or option, missing or malformed argument */
  usage: 2,
  /** configuration or genesis file */
  config: 3,
  /** data directory or key: missing, there already, locked, damaged, of another chain, wrong passphrase */
  data: 4,
  /** port in use, too few file descriptors, no permission */
  environment: 5,
  /** no answer from the node's RPC */
  unreachable: 6,
  /** the node answered and refused, or a transaction failed */
  refused: 7,
  /** waited as long as was allowed */
  timeout: 8,
  /** a check ran and found faults */
  checkFailed: 9,
  /** the node stopped by itself because of a fault while it ran */
  nodeFailed: 10,
  /** the network has moved on to a version of the protocol that this program does not speak */
  upgradeRequired: 11,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
