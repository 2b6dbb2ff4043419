import type { Command } from 'commander';

interface Words {
  /** The commands before it, `volume create`; '' at the top. */
  readonly path: string;
  readonly words: readonly string[];
}

function wordsOf(command: Command, path = ''): Words[] {
  const own = command.options.map(({ long }) => long).filter((long) => typeof long === 'string');
  const names = command.commands.map((child) => child.name());
  const words = [...names, ...own, '--help'];
  return [
    { path, words },
    ...command.commands.flatMap((child) => wordsOf(child, `${path} ${child.name()}`.trim())),
  ];
}

/** What a shell evaluates to complete commands and options. */
export function completionScript(program: Command, shell: string): string {
  const all = wordsOf(program);
  if (shell === 'fish') return fish(all);
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${bash(all)}` : bash(all);
}

function bash(all: readonly Words[]): string {
  const cases = all.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`);
  return [
    '_scoria() {',
    '  local word path= words=',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case "$word" in -*) ;; *) case "$path" in *" "*) ;; *) path="${path:+$path }$word" ;; esac ;; esac',
    '  done',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _scoria scoria',
    '',
  ].join('\n');
}

function fish(all: readonly Words[]): string {
  const lines = all.flatMap(({ path, words }) => {
    const [group, verb] = path.split(' ');
    const seen = [group, verb].filter((part) => part !== undefined && part !== '');
    const when =
      seen.map((part) => `__fish_seen_subcommand_from ${part ?? ''}`).join('; and ') ||
      '__fish_use_subcommand';
    return words.map((word) =>
      word.startsWith('--')
        ? `complete -c scoria -n '${when}' -l ${word.slice(2)}`
        : `complete -c scoria -f -n '${when}' -a ${word}`,
    );
  });
  return `${lines.join('\n')}\n`;
}
