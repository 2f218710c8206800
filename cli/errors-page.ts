/** docs/errors.md from the table of codes: nothing in, the page's text out. A test holds the page equal to it. */
import { ERROR_CODES } from '../core/base/codes.js';
import type { ExitCode } from '../core/base/exit-codes.js';

const HEAD = `# Errors

Every error has a code that does not change, the place of the mistake, and in most cases a hint. The code decides
the exit code of the command. This page is made from \`core/base/codes.ts\`; a test keeps both equal.
`;

const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'passed',
  1: 'a defect of brunt: please report it',
  2: 'the command line is not understood',
  3: 'a scenario or plugin is invalid',
  4: 'a threshold failed',
  5: 'the safety gate stopped the run',
  6: 'an actor or plugin failed',
  7: 'the run could not start',
  8: 'a comparison found a regression',
  9: 'the run is untrustworthy (with --strict)',
  10: 'an exporter or the record lost data',
  130: 'interrupted (SIGINT)',
  143: 'terminated (SIGTERM)',
};

export function errorsPage(): string {
  const codes = Object.entries(ERROR_CODES);
  const exits = [...new Set(codes.map(([, { exit }]) => exit))].sort((a, b) => a - b);
  const sections = exits.map((exit) => {
    const lines = codes
      .filter(([, entry]) => entry.exit === exit)
      .map(([code, { meaning }]) => `- \`${code}\`: ${meaning}`);
    return `\n## Exit code ${exit}: ${EXIT_MEANINGS[exit]}\n\n${lines.join('\n')}\n`;
  });
  return HEAD + sections.join('');
}
