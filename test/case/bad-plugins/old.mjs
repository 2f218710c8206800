export default { name: 'old', api: 0, simulators: [] };
