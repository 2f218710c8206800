/** The names of all shapes a load may have. Schema, registry and errors that suggest a name read it. */
export const SHAPES = [
  'hold',
  'ramp',
  'steps',
  'sweep',
  'spike',
  'square',
  'sawtooth',
  'sine',
  'walk',
  'bursts',
  'trace',
  'search',
] as const;
export type ShapeName = (typeof SHAPES)[number];
