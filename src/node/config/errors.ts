// What can be wrong with a configuration. Each problem names the key, where it was set and what is allowed there.

export interface ConfigProblem {
  /** the key as written in a config file, or what was asked for when there is no key */
  readonly key: string;
  /** `config.yaml:12`, `environment RPC_PORT`, `--rpc-port`; absent where nothing was set */
  readonly source?: string;
  /** what is wrong and what is allowed, without the key */
  readonly message: string;
}

/** A configuration that can not be used; nothing was started. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.problems = problems;
  }
}

export function configError(problem: ConfigProblem): ConfigError {
  return new ConfigError([problem]);
}

function describeProblem({ key, source, message }: ConfigProblem): string {
  return source === undefined ? `${key}: ${message}` : `${key} (${source}): ${message}`;
}
