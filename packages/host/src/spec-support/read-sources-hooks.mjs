import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Compiling takes seconds, and several processes may want the same sources at once. */
const cache = new URL('../../../../node_modules/.cache/scoria-sources/', import.meta.url);

/** Sources import './x.js', the name the compiler will write, and '@scoria/core' means its sources. */
export function resolve(specifier, context, next) {
  const fromSource = specifier.startsWith('.') && context.parentURL?.endsWith('.ts') === true;
  const name = fromSource ? specifier.replace(/\.js$/, '.ts') : specifier;
  return next(name, { ...context, conditions: ['@scoria/source', ...context.conditions] });
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const text = await readFile(new URL(url), 'utf8');
  return { format: 'module', shortCircuit: true, source: await compiled(fileURLToPath(url), text) };
}

async function compiled(path, text) {
  const file = new URL(`${createHash('sha256').update(path).update(text).digest('hex')}.js`, cache);
  try {
    return await readFile(file, 'utf8');
  } catch {
    const output = await compile(path, text);
    await mkdir(cache, { recursive: true });
    const draft = new URL(`${file.href}.${process.pid}`);
    await writeFile(draft, output);
    await rename(draft, file);
    return output;
  }
}

async function compile(fileName, text) {
  const { default: ts } = await import('typescript');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    experimentalDecorators: true,
    importHelpers: true,
    verbatimModuleSyntax: true,
  };
  return ts.transpileModule(text, { compilerOptions, fileName }).outputText;
}
