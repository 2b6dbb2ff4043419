/** Far beyond what a monitor says of the longest chains. */
const MAX_LINE = 64 * 1024 * 1024;

/** Puts together the lines of a text that comes in pieces. */
export class LineAssembler {
  #pieces: string[] = [];
  #length = 0;

  constructor(private readonly maxLength = MAX_LINE) {}

  /** The lines that this piece completes; `undefined` when the one that it leaves open is longer than any may be. */
  take(text: string): readonly string[] | undefined {
    const [first = '', ...others] = text.split('\n');
    const rest = others.pop();
    this.#pieces.push(first);
    this.#length += first.length;
    if (this.#length > this.maxLength) return undefined;
    if (rest === undefined) return [];
    const lines = [this.#pieces.join(''), ...others];
    this.#pieces = [rest];
    this.#length = rest.length;
    return lines;
  }
}
