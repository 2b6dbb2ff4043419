import type { Place } from './place.js';

/** One thing that is wrong, or worth a word, with the place where it can be mended. */
export interface ConfigurationProblem extends Partial<Place> {
  readonly level: 'error' | 'warning';
  /** The file; absent where the problem is of none (the embedded default). */
  readonly file?: string;
  /** The one backend that cannot run for it; the others can. */
  readonly backend?: string;
  /** What is wrong, and what to do. Never has a secret in it. */
  readonly text: string;
}

/** Collects what is wrong with one file. */
export class ProblemList {
  readonly #problems: ConfigurationProblem[] = [];

  constructor(private readonly file: string | undefined) {}

  /** In the order of the file. */
  get all(): readonly ConfigurationProblem[] {
    return this.#problems.toSorted(
      (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    );
  }

  include(problems: readonly ConfigurationProblem[]): void {
    this.#problems.push(...problems);
  }

  error(place: Place | undefined, text: string, backend?: string): void {
    this.#add('error', place, text, backend);
  }

  warning(place: Place | undefined, text: string): void {
    this.#add('warning', place, text);
  }

  #add(level: ConfigurationProblem['level'], place: Place | undefined, text: string, backend?: string): void {
    const { line, column } = place ?? {};
    this.#problems.push({
      level,
      ...(this.file === undefined ? {} : { file: this.file }),
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
      ...(backend === undefined ? {} : { backend }),
      text: backend === undefined ? text : `backend ${backend}: ${text}`,
    });
  }
}

/** `file:line:column: text`, as editors and compilers have it. */
export function describeProblem({ file, line, column, text }: ConfigurationProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return place === '' ? text : `${place}: ${text}`;
}
