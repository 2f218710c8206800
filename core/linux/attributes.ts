/**
 * Extended attributes of files, which Node has no calls for. Each returns what the call returned, or minus the errno;
 * null where `foreign.ts` is. Called by the simulator `files`.
 */
import { foreign } from './foreign.js';

export interface Attributes {
  set(path: string, name: string, value: Uint8Array): number;
  /** Bytes of its value, which goes to the begin of `into`. */
  get(path: string, name: string, into: Uint8Array): number;
}

let made: Attributes | null | undefined;

/** Made at the first call, once per thread. */
export function attributes(): Attributes | null {
  made ??= make();
  return made;
}

function make(): Attributes | null {
  const f = foreign();
  if (f === null) return null;
  const set = f.declare(
    'int setxattr(const char *path, const char *name, const void *value, size_t bytes, int flags)',
  );
  const get = f.declare('intptr_t getxattr(const char *path, const char *name, void *into, size_t bytes)');
  const told = (result: number): number => (result < 0 ? -f.errno() : result);
  return {
    set: (path, name, value) => told(set(path, name, value, value.byteLength, 0)),
    get: (path, name, into) => told(get(path, name, into, into.byteLength)),
  };
}
