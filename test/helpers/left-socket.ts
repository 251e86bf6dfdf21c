// A unix socket as a killed process leaves it: there, and nobody behind it.

import { spawn } from 'node:child_process';

const PROGRAM =
  "require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";

export async function leaveSocket(path: string): Promise<void> {
  const child = spawn(process.execPath, ['-e', PROGRAM, path]);
  await new Promise((resolve) => child.once('exit', resolve));
}
