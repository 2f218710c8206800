/** For `node --import`: writes the URL of each module that the main thread imports into the file BRUNT_TEST_TRACE. */
import { appendFileSync } from 'node:fs';
import type { LoadHook } from 'node:module';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// The hooks of a thread run in another one, which loads this file as well.
if (isMainThread) register(import.meta.url);

export const load: LoadHook = (url, context, next) => {
  appendFileSync(process.env['BRUNT_TEST_TRACE'] ?? '/dev/null', `${url}\n`);
  return next(url, context);
};
