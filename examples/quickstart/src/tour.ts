import type { Scoria } from './scoria.js';

type Say = (line: string) => void;

/** The main job from beginning to end; every content is checked by its bytes. */
export async function tour(scoria: Scoria, say: Say): Promise<void> {
  await scoria.quietly('volume', 'create', 'data', '--size', '1');
  await scoria.write('data', 'first words ');
  await scoria.quietly('snapshot', 'create', 'data', 'monday');
  await scoria.write('data', 'second words');
  await scoria.quietly('snapshot', 'create', 'data', 'tuesday');
  await scoria.write('data', 'third words ');
  await scoria.quietly('snapshot', 'create', 'data', 'wednesday');
  await scoria.write('data', 'fourth words');
  await scoria.run('volume', 'chain', 'data');
  await deleteTheMiddle(scoria, say);
  await copy(scoria, say);
  await growAndRevert(scoria, say);
  await tidy(scoria);
}

async function expect(scoria: Scoria, say: Say, volume: string, words: string): Promise<void> {
  const found = await scoria.read(volume, words.length);
  if (found !== words) throw new Error(`${volume} reads "${found}", and should read "${words}"`);
  say(found);
}

async function deleteTheMiddle(scoria: Scoria, say: Say): Promise<void> {
  await scoria.run('snapshot', 'delete', 'tuesday', '--dry-run');
  await scoria.quietly('snapshot', 'delete', 'tuesday');
  await scoria.run('volume', 'chain', 'data');
  await expect(scoria, say, 'data', 'fourth words');
}

async function copy(scoria: Scoria, say: Say): Promise<void> {
  await scoria.quietly('volume', 'create', 'restored', '--from-snapshot', 'monday');
  await expect(scoria, say, 'restored', 'first words ');
  await scoria.quietly('volume', 'create', 'copy', '--from-volume', 'data');
  await expect(scoria, say, 'copy', 'fourth words');
}

async function growAndRevert(scoria: Scoria, say: Say): Promise<void> {
  await scoria.quietly('volume', 'extend', 'copy', '2');
  await scoria.quietly('volume', 'revert', 'data', 'wednesday');
  await expect(scoria, say, 'data', 'third words ');
  await scoria.run('volume', 'list');
}

async function tidy(scoria: Scoria): Promise<void> {
  await scoria.quietly('volume', 'delete', 'data', '--cascade');
  await scoria.quietly('volume', 'delete', 'restored');
  await scoria.quietly('volume', 'delete', 'copy');
  await scoria.run('backend', 'audit', 'local');
}
