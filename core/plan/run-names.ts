/**
 * What is known of a run only when it starts: "${run.id}" and "${run.date}" in the options of an exporter. The options
 * and the run enter, the options with both put in leave; called where exporters are opened.
 */
export function withRunNames<T>(value: T, run: string): T {
  if (typeof value === 'string') return filled(value, run) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => withRunNames(item, run)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withRunNames(item, run)])) as T;
}

/** A run's name begins with its date, as a file may have it: 2026-11-21. */
function filled(text: string, run: string): string {
  return text.replaceAll('${run.id}', run).replaceAll('${run.date}', run.slice(0, DATE_LENGTH));
}

const DATE_LENGTH = '2026-11-21'.length;
