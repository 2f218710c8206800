/** docs/cli.md from the table of verbs: nothing in, the page's text out. A test holds the page equal to it. */
import type { FlagSpec, VerbSpec } from './table.js';
import { envOf, flagText, VERBS } from './table.js';

const HEAD = `# The command line

What is for people goes to standard error, what is for programs to standard output. \`brunt VERB --help\` says the same as
this page, which is made from \`cli/table.ts\`; a test keeps both equal.

Values of a scenario come from, each stronger than the one before: the safety profile, the files that it extends, the
file itself, the environment of its variables, \`--var\`, \`--set\`. A variable \`BRUNT_…\` stands for a flag only; the flag
itself wins. What the exit codes mean is in the [readme](../README.md#exit-codes); what each error code means, in
[errors](errors.md).
`;

export function verbsPage(): string {
  return [HEAD, ...VERBS.map(section)].join('\n');
}

function section(verb: VerbSpec): string {
  const { name, summary, more, examples } = verb;
  const usage = ['brunt', name, ...verb.arguments.map((argument) => argument.name)].join(' ');
  const parts = [
    `## ${name}\n`,
    `\n\`${usage}\`: ${summary}.\n\n`,
    verb.arguments.map((argument) => `- \`${argument.name}\` ${argument.help}\n`).join(''),
    verb.flags.map(flagLine).join(''),
    more === undefined ? '' : `\n${more.replaceAll('\n', ' ')}\n`,
    `\n\`\`\`sh\n${examples.join('\n')}\n\`\`\`\n`,
  ];
  return parts.filter((part) => part !== '').join('');
}

function flagLine(flag: FlagSpec): string {
  return `- \`${flagText(flag)}\` ${flag.help}${flag.env === true ? ` (\`${envOf(flag)}\`)` : ''}\n`;
}
