import type { Command } from 'commander';

/** Arguments whose words are looked up, by the name of the argument. */
const LOOKED_UP = ['volume', 'snapshot', 'backend', 'attachment'];

interface Words {
  /** The commands before it, `volume create`; '' at the top. */
  readonly path: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
  /** What each argument is, where its words can be looked up. */
  readonly lookups: readonly string[];
}

/** Every command with what may follow it. */
export function wordsOf(command: Command, path = ''): Words[] {
  const visible = command.createHelp().visibleCommands(command);
  const children = visible.filter((child) => child.name() !== 'help');
  const options = command.options.map(({ long }) => long).filter((long) => typeof long === 'string');
  const lookups = command.registeredArguments.map((argument) =>
    LOOKED_UP.includes(argument.name()) ? argument.name() : '-',
  );
  return [
    { path, commands: children.map((child) => child.name()), options: [...options, '--help'], lookups },
    ...children.flatMap((child) => wordsOf(child, `${path} ${child.name()}`.trim())),
  ];
}

/** What a shell evaluates to complete commands, options, and names of volumes, snapshots and backends. */
export function completionScript(program: Command, shell: string): string {
  const all = wordsOf(program);
  if (shell === 'fish') return fish(all);
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${bash(all)}` : bash(all);
}

function bash(all: readonly Words[]): string {
  const known = all.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  const cases = all.map(
    ({ path, commands, options, lookups }) =>
      `    '${path}') words='${[...commands, ...options].join(' ')}'; kinds=(${lookups.join(' ')}) ;;`,
  );
  return [
    '_scoria() {',
    '  local word path= words= kinds=() seen=0 current="${COMP_WORDS[COMP_CWORD]}"',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case "${path:+$path }$word" in',
    `      ${known.join('|')}) path="\${path:+$path }$word" ;;`,
    '      -*|*" -"*) ;;',
    '      *) seen=$((seen + 1)) ;;',
    '    esac',
    '  done',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  local kind="${kinds[@]:$seen:1}"',
    '  case "$current:$kind" in -*|*:|*:-) ;; *) words="$words $(scoria names "$kind" 2>/dev/null)" ;; esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _scoria scoria',
    '',
  ].join('\n');
}

function fish(all: readonly Words[]): string {
  const lines = all.flatMap(({ path, commands, options, lookups }) => {
    const when = fishCondition(path, commands);
    const names = [...new Set(lookups)].filter((kind) => LOOKED_UP.includes(kind));
    return [
      ...commands.map((word) => `complete -c scoria -f -n '${when}' -a ${word}`),
      ...names.map((kind) => `complete -c scoria -f -n '${when}' -a '(scoria names ${kind} 2>/dev/null)'`),
      ...options.map((option) => `complete -c scoria -n '${when}' -l ${option.slice(2)}`),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function fishCondition(path: string, commands: readonly string[]): string {
  if (path === '') return '__fish_use_subcommand';
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const deeper = commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.join(' ')}`];
  return [...seen, ...deeper].join('; and ');
}
