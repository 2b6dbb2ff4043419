import { Readable } from 'node:stream';

type DisposeName = 'dispose' | 'asyncDispose';

/**
 * Node 20 has `Symbol.dispose` and `Symbol.asyncDispose` in its main context only, and jest runs tests in another
 * one: `await using` would fail there. The symbols that Node's own objects carry are put in their place.
 */
function install(name: DisposeName): void {
  const symbols = Symbol as Partial<Record<DisposeName, symbol>>;
  if (symbols[name] !== undefined) return;
  const description = `Symbol.${name}`;
  const known = Object.getOwnPropertySymbols(Readable.prototype).find(
    (symbol) => symbol.description === description,
  );
  Object.defineProperty(Symbol, name, { value: known ?? Symbol(description) });
}

install('dispose');
install('asyncDispose');
