/** A simulator whose work is complete after twenty operations. */
import { definePlugin, defineSimulator } from '../../../core/contract/index.js';

const OPERATIONS = 20;

export default definePlugin({
  name: 'finishing',
  simulators: [
    defineSimulator({
      name: 'finishing',
      description: 'Twenty operations, then done.',
      controls: [{ kind: 'rate', unit: 'ops/s' }],
      operations: ['step'],
      options: { type: 'object', properties: {} },
      metrics: {},
      start: () => ({
        step: ({ sequence }) => (sequence >= OPERATIONS - 1 ? 'done' : {}),
        dispose: () => undefined,
      }),
    }),
  ],
});
