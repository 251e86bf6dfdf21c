// The WebSocket transport, made fit for strangers. The library listens for no errors of the WebSockets that it takes in,
// so that a frame which breaks the rules ends the process; its reset does not close them; frames may have 100 MiB; and it
// waits for ever for who connects and says nothing. It has no settings for that: so this reaches into its listener.

import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Listener, Transport } from '@libp2p/interface';
import { webSockets as libraryWebSockets } from '@libp2p/websockets';
import type { WebSocket, WebSocketServer } from 'ws';
import { largestCrowd } from './crowd.ts';
import { ipKey, neighbourhoodOf } from './ip.ts';
import { MAX_WRITE_BYTES } from './one-write.ts';

interface Internals {
  readonly server: Server;
  readonly wsServer: WebSocketServer;
}

/** What waits for a frame to be whole is in memory: twice what this node writes at once. */
export const MAX_FRAME_BYTES = 2 * MAX_WRITE_BYTES;
/** Connections that are no WebSocket yet: for that, one message is enough. */
const MAX_WAITING = 64;
const UPGRADE_TIMEOUT_MS = 5_000;
/** For the other side to take note of the end. */
const CLOSE_TIMEOUT_MS = 1_000;
/** What the library means by a reset; the protocol allows nobody to send it. */
const RESET = 1006;

export function webSockets(): (components: Parameters<ReturnType<typeof libraryWebSockets>>[0]) => Transport {
  return (components) => {
    const transport = libraryWebSockets()(components);
    const createListener = transport.createListener.bind(transport);
    transport.createListener = (options) => guarded(createListener(options));
    return transport;
  };
}

function guarded(listener: Listener): Listener {
  const { server, wsServer } = listener as unknown as Internals;
  const waiting = new Map<Socket | Duplex, { readonly neighbourhood: string; readonly timer: NodeJS.Timeout }>();
  const stopWaiting = (socket: Socket | Duplex) => {
    clearTimeout(waiting.get(socket)?.timer);
    waiting.delete(socket);
  };
  server.on('connection', (socket) => {
    if (waiting.size >= MAX_WAITING) {
      const all = [...waiting].map(([waiter, { neighbourhood }]) => ({ waiter, neighbourhood }));
      largestCrowd(all)[0]?.waiter.destroy();
    }
    const host = socket.remoteAddress ?? '';
    const timer = setTimeout(() => socket.destroy(), UPGRADE_TIMEOUT_MS);
    waiting.set(socket, { neighbourhood: neighbourhoodOf(ipKey(host) ?? host), timer });
    socket.on('close', () => stopWaiting(socket));
  });
  wsServer.options.maxPayload = MAX_FRAME_BYTES;
  const handleUpgrade = wsServer.handleUpgrade.bind(wsServer);
  wsServer.handleUpgrade = (request: IncomingMessage, socket: Duplex, head, onUpgraded) =>
    handleUpgrade(request, socket, head, (webSocket, upgraded) => {
      stopWaiting(socket);
      closesInTime(webSocket);
      onUpgraded(webSocket, upgraded);
    });
  const close = listener.close.bind(listener);
  listener.close = () => {
    for (const socket of waiting.keys()) socket.destroy();
    return close();
  };
  return listener;
}

function closesInTime(webSocket: WebSocket): void {
  // it closes by itself then, and tells of that too
  webSocket.on('error', () => undefined);
  const close = webSocket.close.bind(webSocket);
  webSocket.close = (code, reason) => {
    if (code === RESET) return webSocket.terminate();
    close(code, reason);
    setTimeout(() => webSocket.terminate(), CLOSE_TIMEOUT_MS);
  };
}
