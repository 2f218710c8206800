/**
 * Completion scripts for shells, made from the table of verbs and flags: nothing enters, text leaves. The scripts are
 * plain lists; the only thing that they ask of brunt while typing are the ids of runs, which are names of folders.
 */
import type { Completes, FlagSpec, VerbSpec } from './table.js';
import { VERBS } from './table.js';
import { RUNS_DIR } from './wire.js';

const names = VERBS.map(({ name }) => name).join(' ');
const isFixed = (completes: Completes | undefined): completes is readonly string[] =>
  Array.isArray(completes);

export function bashScript(): string {
  const cases = VERBS.map((verb) => {
    const flags = [...verb.flags.map(({ name }) => `--${name}`), '--help'].join(' ');
    return `    ${verb.name}) flags=${quote(flags)}; ${bashWords(verb.arguments[0]?.completes)} ;;`;
  });
  const values = valuedFlags().map(([flag, completes]) => `    --${flag}) ${bashWords(completes)} ;;`);
  return `# bash completion of brunt: source <(brunt completion bash)
_brunt_runs() { local d; for d in @last ${RUNS_DIR}/*/ ${RUNS_DIR}/@*; do d="\${d%/}"; d="\${d##*/}"; [[ "$d" == *'*'* ]] || echo "$d"; done; }
_brunt() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" flags='' words='' files=''
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W ${quote(`${names} --help --version`)} -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) return ;;
  esac
  case "$before" in
${values.join('\n')}
    *) if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$word")); return; fi ;;
  esac
  if [[ -n "$files" ]]; then compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen "$files" -- "$word")); return; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _brunt brunt
`;
}

/** Sets what the script offers: words of its own, or files by compgen's letter. */
function bashWords(completes: Completes | undefined): string {
  if (completes === 'file') return "words=''; files=-f";
  if (completes === 'folder') return "words=''; files=-d";
  if (completes === 'run') return 'words="$(_brunt_runs)"; files=\'\'';
  return `words=${quote(isFixed(completes) ? completes.join(' ') : '')}; files=''`;
}

/** Flags with a value, each once; the table gives flags of one name one meaning (a test holds that). */
function valuedFlags(): [string, Completes | undefined][] {
  const flags = VERBS.flatMap((verb) => verb.flags).filter(({ value }) => value !== undefined);
  return [...new Map(flags.map(({ name, completes }) => [name, completes]))];
}

export function zshScript(): string {
  const verbs = VERBS.map(({ name, summary }) => quote(`${name}:${summary}`));
  const cases = VERBS.map((verb) => {
    const lines = [...verb.flags.map(zshFlag), ...zshArguments(verb)];
    return `    ${verb.name}) _arguments ${lines.join(' ')} ;;`;
  });
  return `#compdef brunt
# zsh completion of brunt: write it to a file named _brunt in a folder of $fpath
_brunt_runs() { local -a runs; runs=(@last ${RUNS_DIR}/*(N:t)); compadd -a runs }
_brunt() {
  if (( CURRENT == 2 )); then
    local -a verbs; verbs=(${verbs.join(' ')})
    _describe verb verbs
    return
  fi
  local verb="$words[2]"
  shift words; (( CURRENT-- ))
  case "$verb" in
${cases.join('\n')}
  esac
}
if [[ "$funcstack[1]" == _brunt ]]; then _brunt "$@"; else compdef _brunt brunt; fi
`;
}

function zshFlag({ name, value, help, completes, repeats }: FlagSpec): string {
  const text = help.replace(/[[\]:\\]/g, '\\$&');
  const action =
    value === undefined ? '' : `:${value.replaceAll(/[:\\[\]]/g, '\\$&')}:${zshAction(completes)}`;
  return quote(`${repeats === true ? '*' : ''}--${name}[${text}]${action}`);
}

function zshArguments({ arguments: all }: VerbSpec): string[] {
  return all.map(({ name, completes }, index) => {
    const position = name.includes('...') ? '*' : String(index + 1);
    return quote(`${position}:${name.replace(/[<>[\].]/g, '')}:${zshAction(completes)}`);
  });
}

function zshAction(completes: Completes | undefined): string {
  if (completes === 'file') return '_files';
  if (completes === 'folder') return '_files -/';
  if (completes === 'run') return '_brunt_runs';
  return isFixed(completes) ? `(${completes.join(' ')})` : ' ';
}

export function fishScript(): string {
  const lines = VERBS.flatMap((verb) => {
    const inVerb = `-n ${quote(`__fish_seen_subcommand_from ${verb.name}`)}`;
    const flags = verb.flags.map(
      ({ name, value, help, completes }) =>
        `complete -c brunt ${inVerb} -l ${name}${value === undefined ? '' : fishValue(completes)} -d ${quote(help)}`,
    );
    const offers = verb.arguments.flatMap(({ completes }) =>
      completes === undefined ? [] : [`complete -c brunt ${inVerb}${fishOffer(completes)}`],
    );
    const first = `complete -c brunt -n __fish_use_subcommand -a ${verb.name} -d ${quote(verb.summary)}`;
    return [first, ...flags, ...offers];
  });
  return `# fish completion of brunt: write it to ~/.config/fish/completions/brunt.fish
function __brunt_runs; echo @last; for d in ${RUNS_DIR}/*; path basename $d; end; end
complete -c brunt -f
${lines.join('\n')}
`;
}

function fishValue(completes: Completes | undefined): string {
  // -x: a value, and no files; -r: a value.
  const isFile = completes === 'file' || completes === 'folder';
  return `${isFile ? ' -r' : ' -x'}${completes === undefined ? '' : fishOffer(completes)}`;
}

function fishOffer(completes: Completes): string {
  if (completes === 'file') return ' -F';
  if (completes === 'folder') return " -a '(__fish_complete_directories)'";
  if (completes === 'run') return " -a '(__brunt_runs)'";
  return ` -a ${quote(completes.join(' '))}`;
}

/** One word of a shell; bash, zsh and fish agree on it for text without backslashes before quotes. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
