// Sends transfers to one node over connections that stay open, as cheaply as its RPC allows. Every transfer must be
// taken: a refused one would break the nonces of its sender.

import { Agent, type IncomingMessage, request } from 'node:http';

const JSON_TYPE = 'application/json';
const SSZ_TYPE = 'application/octet-stream';

export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export class NodeClient {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: string;
  readonly #signal: AbortSignal;

  /** @param url like `http://127.0.0.1:9080` */
  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** One JSON-RPC batch; resolves when the node has taken all of it. @throws {RefusedError} */
  async sendBatch(transfers: readonly Uint8Array[]): Promise<void> {
    const calls = transfers.map(
      (bytes, id) => `{"jsonrpc":"2.0","id":${id},"method":"send_tx","params":{"ssz":"${hex(bytes)}"}}`,
    );
    const answer = await this.#post('/', JSON_TYPE, `[${calls.join(',')}]`);
    if (answer.includes('"error":')) {
      const failed = (JSON.parse(answer) as { error?: unknown }[]).find(({ error }) => error !== undefined);
      throw new RefusedError(`${this.#url} refused a transfer: ${JSON.stringify(failed?.error)}`);
    }
  }

  /** One transfer; resolves when it is finalized. @throws {RefusedError} */
  async sendAndWait(transfer: Uint8Array): Promise<void> {
    const answer = await this.#post('/rpc/send_tx?wait=finalized', SSZ_TYPE, transfer);
    const { status, receipt } = JSON.parse(answer);
    if (status !== 'finalized' || receipt?.code !== 'SUCCESS') {
      throw new RefusedError(`${this.#url} did not execute a transfer: ${answer}`);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #post(path: string, type: string, body: string | Uint8Array): Promise<string> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
      const sent = request(`${this.#url}${path}`, {
        method: 'POST',
        agent: this.#agent,
        signal: this.#signal,
        headers,
      });
      sent.once('response', resolve);
      sent.once('error', reject);
      sent.end(body);
    });
    response.setEncoding('utf8');
    let text = '';
    for await (const chunk of response) text += chunk;
    if (response.statusCode === 200) return text;
    throw new RefusedError(`${this.#url} answered ${response.statusCode}: ${text}`);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
