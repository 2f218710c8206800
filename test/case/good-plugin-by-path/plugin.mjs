export default {
  name: 'waves',
  api: 1,
  simulators: [
    {
      name: 'wave',
      description: 'Sends.',
      controls: [{ kind: 'rate', unit: 'ops/s', defaultPeak: '10/s' }],
      operations: ['send'],
      options: { type: 'object', properties: { file: { type: 'string', format: 'path', access: 'read' } } },
      metrics: { sent: { kind: 'counter', unit: 'count', help: 'Sent.' } },
      start: () => ({ step: () => undefined, dispose: () => undefined }),
    },
  ],
};
