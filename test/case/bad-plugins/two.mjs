const simulator = (name) => ({
  name,
  description: '',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: {},
  start: () => ({ dispose: () => undefined }),
});
export default { name: 'two', api: 1, simulators: [simulator('first'), simulator('third')] };
