/** The json exporter: a finished run's summary in, one versioned JSON document in a file out, whole or not at all. */
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../core/base/atomic-file.js';
import { defineExporter } from '../../core/contract/exporter.js';

export default defineExporter({
  name: 'json',
  description: 'The summary as one JSON document, with the version of its schema inside.',
  options: {
    type: 'object',
    properties: {
      path: {
        type: 'string',
        format: 'path',
        access: 'write',
        description: 'The file; relative to the working directory.',
      },
    },
    required: ['path'],
  },
  async open({ options: { path } }) {
    // A run of hours must not end with "no such directory".
    await access(dirname(path), constants.W_OK);
    return {
      end: ({ summary }) => writeFileAtomic(path, `${JSON.stringify(summary, null, 2)}\n`),
    };
  },
});
