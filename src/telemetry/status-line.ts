// One line at the bottom of a terminal that changes while log lines go on above it.

import { Writable } from 'node:stream';
import type { LogStream } from './logger.ts';

/** Back to the beginning of the line, which is emptied. */
const CLEAR = '\r\u001b[2K';

/** Write the log here. */
export class StatusLine extends Writable {
  readonly isTTY = true;
  readonly #terminal: LogStream;
  #shown = '';

  constructor(terminal: LogStream) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
  }

  /** @param text on one line; empty for none */
  show(text: string): void {
    if (text === this.#shown) return;
    this.#terminal.write(`${this.#shown === '' ? '' : CLEAR}${text}`);
    this.#shown = text;
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const shown = this.#shown;
    this.#terminal.write(shown === '' ? chunk : `${CLEAR}${chunk}${shown}`);
    done();
  }
}
