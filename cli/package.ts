/** This installation: where it lies and which version it is, found by walking up to the package.json named brunt. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../core/base/assert.js';

export interface Installation {
  readonly root: string;
  readonly version: string;
}

export function findInstallation(from: string = dirname(fileURLToPath(import.meta.url))): Installation {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) {
      const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      if (name === 'brunt' && typeof version === 'string') return { root: folder, version };
    }
    assert(dirname(folder) !== folder, `no package.json named brunt above ${from}`);
  }
}
