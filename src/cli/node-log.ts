// The log of several nodes in one place: each line says whose it is, and is made readable on a terminal.

import { styleText } from 'node:util';
import { prettyFactory } from 'pino-pretty';
import type { OutputStream } from './context.ts';

const COLORS = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const;

/** @returns what prints one line of node `index`. */
export function linePrinter(stream: OutputStream, index: number): (line: string) => void {
  const label = `[node ${index}]`;
  if (stream.isTTY !== true) return (line) => stream.write(`${label} ${line}\n`);
  const prefix = styleText(COLORS[index % COLORS.length] ?? 'cyan', label);
  const pretty = prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'part',
    messageFormat: '{if part}{part}: {end}{msg}',
    singleLine: true,
  });
  // A line that is no JSON comes back as it is, without a line break of its own.
  return (line) => stream.write(`${prefix} ${String(pretty(line)).trimEnd()}\n`);
}
