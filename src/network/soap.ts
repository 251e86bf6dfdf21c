// What a home router is asked, and how its answers are read: XML over HTTP, without the whole of either.

import { request } from 'node:http';
import { withDeadline } from './deadline.ts';
import { NetworkError } from './errors.ts';

/** Descriptions of routers take some 10 KiB, answers less than one. */
const MAX_BYTES = 65_536;
const ANSWER_MS = 5_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A router's refusal, with the number that UPnP gives for the reason; 0 where there is none. */
export class SoapFault extends Error {
  override readonly name = 'SoapFault';
  readonly code: number;

  constructor(action: string, { status, text }: Answer) {
    const [code = '0'] = elements(text, 'errorCode');
    const [reason = `HTTP status ${status}`] = elements(text, 'errorDescription');
    super(`the router refuses ${action}: ${reason} (${code})`);
    this.code = Number(code);
  }
}

/**
 * @param service its type, `urn:schemas-upnp-org:service:…`
 * @param values without what XML would read as its own
 * @returns the text of the answer. @throws {SoapFault} @throws {NetworkError} TIMEOUT, or a system error
 */
export async function call(
  control: URL,
  service: string,
  action: string,
  values: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
): Promise<string> {
  const inner = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`);
  const body = [
    '<?xml version="1.0"?>',
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">',
    `<s:Body><u:${action} xmlns:u="${service}">${inner.join('')}</u:${action}></s:Body></s:Envelope>`,
  ].join('\r\n');
  const headers = { 'content-type': 'text/xml; charset="utf-8"', soapaction: `"${service}#${action}"` };
  const answer = await ask(control, signal, { headers, body });
  if (answer.status !== 200) throw new SoapFault(action, answer);
  return answer.text;
}

/** GET, or POST where there is something to say. @throws {NetworkError} TIMEOUT, OVERSIZED, or a system error */
export function ask(
  url: URL,
  signal: AbortSignal,
  post?: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
): Promise<Answer> {
  const send = (limited: AbortSignal) =>
    new Promise<Answer>((resolve, reject) => {
      const length = { 'content-length': String(Buffer.byteLength(post?.body ?? '')) };
      const headers = post === undefined ? {} : { ...post.headers, ...length };
      const sent = request(url, { method: post ? 'POST' : 'GET', headers, agent: false, signal: limited });
      sent.once('error', reject);
      sent.once('response', (response) => {
        const pieces: Buffer[] = [];
        let size = 0;
        response.on('data', (piece: Buffer) => {
          size += piece.length;
          pieces.push(piece);
          if (size > MAX_BYTES) response.destroy(new NetworkError('OVERSIZED', `${url.host} answers without end`));
        });
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }),
        );
      });
      sent.end(post?.body);
    });
  return withDeadline(ANSWER_MS, `${url.host} answers`, signal, send);
}

/** What stands in the elements of this name, whatever their namespace, each up to the first end of that name. */
export function elements(xml: string, name: string): string[] {
  const found: string[] = [];
  const begin = new RegExp(`<(?:[\\w-]+:)?${name}(?:\\s[^<>]*)?>`, 'g');
  const end = new RegExp(`</(?:[\\w-]+:)?${name}\\s*>`, 'g');
  while (begin.exec(xml) !== null) {
    end.lastIndex = begin.lastIndex;
    const closing = end.exec(xml);
    if (closing === null) break;
    found.push(xml.slice(begin.lastIndex, closing.index).trim().replaceAll('&amp;', '&'));
    begin.lastIndex = end.lastIndex;
  }
  return found;
}
