// A home router's UPnP as a process on the router's host, and what it opens as the switch's forwards.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Hosts } from './hosts.ts';
import type { Forward } from './router.ts';

export class GatewayProcess {
  readonly #child: ChildProcess;
  #forwards: readonly Forward[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it answers. @param router its host */
  static async start(hosts: Hosts, router: number): Promise<GatewayProcess> {
    const file = fileURLToPath(new URL('igd.ts', import.meta.url));
    const addresses = [hosts.address(router), hosts.publicAddress(router)];
    const [command = '', ...args] = [
      ...hosts.runner(router),
      process.execPath,
      ...process.execArgv,
      file,
      ...addresses,
    ];
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    // a test that has failed does not wait for it
    child.unref();
    const gateway = new GatewayProcess(child);
    await once(child, 'message');
    child.on('message', (forwards) => void gateway.#set(hosts, router, forwards as Forward[]));
    child.channel?.unref();
    return gateway;
  }

  /** The ports that are open now. */
  get forwards(): readonly Forward[] {
    return this.#forwards;
  }

  close(): void {
    this.#child.disconnect();
  }

  async #set(hosts: Hosts, router: number, forwards: readonly Forward[]): Promise<void> {
    await hosts.setForwards(router, forwards);
    this.#forwards = forwards;
    this.#child.send('done');
  }
}
