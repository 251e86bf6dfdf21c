// What the checks of a genesis say, each with its place in the file.

export interface GenesisFinding {
  /** an error makes the genesis unusable, a warning is for its author to accept */
  readonly level: 'error' | 'warning';
  /** as in the JSON file: `stakers.2.self_bond` */
  readonly path: string;
  readonly message: string;
}

export function fault(path: string, message: string): GenesisFinding {
  return { level: 'error', path, message };
}

export function warning(path: string, message: string): GenesisFinding {
  return { level: 'warning', path, message };
}
