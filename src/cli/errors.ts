// Errors as people and scripts see them: what was wrong, where, what to do, and an exit code. Errors of other rooms
// are known by their `code`, so that printing one loads none of those rooms.

import { EXIT, type ExitCode } from './exit-codes.ts';

export type ExitName = keyof typeof EXIT;

/** A command that can not do what was asked. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: ExitName;
  readonly code: string;
  /** what to do about it */
  readonly hint: string | undefined;

  constructor(exit: ExitName, message: string, options: { hint?: string; code?: string } = {}) {
    super(message);
    this.exit = exit;
    this.code = options.code ?? exit.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    this.hint = options.hint;
  }
}

export interface ErrorReport {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** The classes of other rooms whose messages are written for people. */
const KNOWN: Readonly<Record<string, ExitName>> = {
  ConfigError: 'config',
  GenesisFileError: 'config',
  FileDescriptorError: 'environment',
  ListenError: 'environment',
  NetworkError: 'environment',
  RpcError: 'environment',
  StoreError: 'data',
  SignerError: 'data',
  KeystoreError: 'data',
  DataDirError: 'data',
  AddressError: 'usage',
  UnitsError: 'usage',
};

/** libp2p knows ports, not the settings that chose them. */
const PEER_PORT_HINT = 'stop the other process, or choose other ports with --p2p-port and --p2p-ws-port';

/** What the operating system says by code; its message names the path or the address. */
const SYSTEM: Readonly<Record<string, ExitName>> = {
  EADDRINUSE: 'environment',
  EADDRNOTAVAIL: 'environment',
  EMFILE: 'environment',
  EACCES: 'environment',
  EPERM: 'environment',
  ENOSPC: 'environment',
  EROFS: 'environment',
  ENOENT: 'data',
  EEXIST: 'data',
  ENOTDIR: 'data',
};

export function reportError(error: unknown): ErrorReport {
  if (error instanceof CliError) {
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return { exitCode: EXIT[error.exit], code: error.code, message: error.message, ...hint };
  }
  if (!(error instanceof Error)) return internal(String(error));
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'UPGRADE_REQUIRED') return upgradeRequired(error);
  const exit = KNOWN[error.name] ?? (code === undefined ? undefined : SYSTEM[code]);
  if (exit === undefined) return internal(error.stack ?? error.message);
  const isPeerPort = error.name === 'NetworkError' && code === 'ADDRESS_IN_USE';
  return {
    exitCode: EXIT[exit],
    code: typeof code === 'string' ? code : error.name,
    message: systemMessage(error),
    ...(isPeerPort ? { hint: PEER_PORT_HINT } : {}),
  };
}

/** Governance has moved the network past this program, which stops before it judges by rules that it does not know. */
function upgradeRequired({ message }: Error): ErrorReport {
  const hint = 'install a newer aitbc-node and start it again with the same data directory';
  return { exitCode: EXIT.upgradeRequired, code: 'UPGRADE_REQUIRED', message, hint };
}

/** What the operating system said, in words where it is the mistake that everybody makes. */
export function systemMessage({ code, path, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' && path !== undefined ? `there is no file ${path}` : message;
}

/** The one case where a stack helps: somebody has to mend this program. */
function internal(details: string): ErrorReport {
  return {
    exitCode: EXIT.internal,
    code: 'INTERNAL',
    message: `unexpected error, a fault of aitbc-node:\n${details}`,
    hint: 'please report it with the lines above',
  };
}
