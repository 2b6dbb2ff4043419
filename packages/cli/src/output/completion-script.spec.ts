import { spawnSync } from 'node:child_process';
import { createProgram } from '../program.js';
import { completionScript, wordsOf } from './completion-script.js';

/** What bash offers for a line; `scoria names` answers with its own words. */
function offered(...line: string[]): string[] {
  const names = 'scoria() { [ "$1" = names ] && echo "$2-name"; }';
  const ask = 'COMP_WORDS=(scoria "$@"); COMP_CWORD=$#; _scoria; printf "%s\\n" "${COMPREPLY[@]}"';
  const script = [names, completionScript(createProgram(), 'bash'), ask].join('\n');
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...line], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion', () => {
  it.each([
    [['vol'], ['volume']],
    [
      ['volume', 'ex'],
      ['extend', 'export'],
    ],
    [['--config', 'x.yaml', 'volume', 'ch'], ['chain']],
    [
      ['volume', 'create', '--from'],
      ['--from-snapshot', '--from-volume'],
    ],
    [['volume', 'show', 'volume'], ['volume-name']],
    [['volume', 'revert', 'data', 'snap'], ['snapshot-name']],
    [['volume', 'migrate', '--dry-run', 'data', 'back'], ['backend-name']],
    [['volume', 'detach', 'data', 'att'], ['attachment-name']],
    [['attachment', 'show', 'att'], ['attachment-name']],
    [['backend', 'check', 'back'], ['backend-name']],
    [['names'], []],
    [['nothing', 'like', 'that'], []],
  ])('of %j is %j', (line, words) => {
    expect(offered(...line)).toEqual(words);
  });

  it.each(['zsh', 'fish'])('for %s has every command and option', (shell) => {
    const program = createProgram();
    const script = completionScript(program, shell);
    for (const { commands, options } of wordsOf(program)) {
      for (const word of commands) expect(script).toContain(word);
      for (const option of options) expect(script).toContain(option.slice(2));
    }
  });
});
