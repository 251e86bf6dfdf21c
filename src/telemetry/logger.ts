// The one logger of a process: lines for people on a terminal, JSON otherwise, written in this process so that nothing
// is lost when it ends. Parts receive a child that names them; nobody else writes to the standard output of a node.

import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { PinoPretty } from 'pino-pretty';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `logger.info({ height, hash }, 'block finalized')`: fields first, then a message that is the same every time. */
export type Logger = PinoLogger;

export type LogStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Default: the standard output. Lines are pretty when it is a terminal. */
  readonly stream?: LogStream;
}

export function createLogger({ level, stream = process.stdout }: LoggerOptions): Logger {
  const options = {
    level,
    // Neither process id nor host name: one node writes one log.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, stream.isTTY === true ? prettyStream(stream) : stream);
}

/** A logger that says nothing, for parts used without a node around them. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

/** The logger of one part: every line carries `part`. */
export function partLogger(logger: Logger, part: string): Logger {
  return logger.child({ part });
}

function prettyStream(stream: LogStream): DestinationStream {
  return PinoPretty({
    colorize: true,
    destination: stream,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'part',
    messageFormat: '{if part}{part}: {end}{msg}',
    singleLine: true,
  });
}
