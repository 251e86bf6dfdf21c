// Starts a worker thread from a module of this source tree, whether it runs compiled or as TypeScript under tsx.

import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * @param name the worker's file without extension, relative to `base`: './verifier-worker'.
 * @param base `import.meta.url` of the caller; its extension says whether the worker's file is .ts or .js.
 */
export function startWorkerThread(name: string, base: string, options: WorkerOptions): Worker {
  if (!base.endsWith('.ts')) return new Worker(new URL(`${name}.js`, base), options);
  // A loader of the main thread is unknown to workers on Node 20: in development each registers tsx for itself.
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const module = JSON.stringify(new URL(`${name}.ts`, base).href);
  const source = `import(${loader}).then((tsx) => { tsx.register(); return import(${module}); })`;
  return new Worker(source, { ...options, eval: true });
}
