// Node 20 has no WebSocket client, which the libp2p transport takes from the global scope. Only the network room needs it,
// so it is not with the other polyfills, which every command loads. Goes when Node 20 goes.

import { WebSocket } from 'ws';

globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;
