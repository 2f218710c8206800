/** The help of the command as a whole, in the order in which a newcomer needs it. The table enters, text leaves. */
import type { VerbSpec } from './table.js';
import { envOf, VERBS } from './table.js';

const NAME_WIDTH = 12;
const LINE_MAX = 80;

const EXAMPLES = [
  ['brunt init', 'write a first scenario'],
  ['brunt plan quick.json', 'see what it would do here'],
  ['brunt run quick.json', 'run it'],
  ['brunt report @last --export json=summary.json', 'look again'],
] as const;

export function rootHelp(): string {
  const groups = [...new Set(VERBS.map(({ group }) => group))].map((group) => {
    const rows = VERBS.filter((verb) => verb.group === group).map(row);
    return `${group}\n${rows.join('\n')}`;
  });
  const examples = EXAMPLES.map(([line, what]) => `  ${line.padEnd(48)}${what}`);
  return `${[
    'Loads a machine within limits that it never crosses, and says what happened.',
    'Usage: brunt VERB [ARGUMENTS] [FLAGS]       brunt VERB --help       brunt --version',
    ...groups,
    `Examples\n${examples.join('\n')}`,
    notes(),
  ].join('\n\n')}\n`;
}

function row({ name, summary }: VerbSpec): string {
  return `  ${name.padEnd(NAME_WIDTH)}${summary}`;
}

function notes(): string {
  const names = new Set(VERBS.flatMap(({ flags }) => flags.filter(({ env }) => env).map(envOf)));
  return [
    'For people on standard error, for programs on standard output.',
    ...wrapped(`A flag may be given as ${[...names].sort().join(', ')}; the flag itself wins.`),
    'Exit codes: 0 passed, 2 command line, 3 scenario, 4 threshold, 5 safety, 6 actor,',
    '7 could not start, 9 untrustworthy (--strict), 10 data lost, 130/143 stopped by a',
    'signal, 1 a defect of brunt.',
  ].join('\n');
}

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last.length + word.length + 1 > LINE_MAX) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

/** What follows the flags of one verb. */
export function verbNotes({ examples, more }: VerbSpec): string {
  const lines = examples.map((line) => `  ${line}`).join('\n');
  return `${more === undefined ? '' : `\n${more}\n`}\nExamples:\n${lines}\n`;
}
