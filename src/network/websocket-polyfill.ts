// Node 20 has no WebSocket client, which the libp2p transport takes from the global scope. Only the network room needs it,
// so it is not with the other polyfills, which every command loads. Goes when Node 20 goes.

import { WebSocket } from 'ws';

/** As the client that later versions bring, it does not end the process when the other side breaks the protocol. */
class Client extends WebSocket {
  constructor(url: string | URL) {
    super(url);
    this.on('error', () => undefined);
  }
}

globalThis.WebSocket ??= Client as unknown as typeof globalThis.WebSocket;
