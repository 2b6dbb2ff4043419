/** What a column holds in either database. */
export type Cell = string | number | null;
export type Row = Record<string, Cell>;

/** How a field is kept: as it is, as 0 or 1, or as JSON. */
type Kind = 'plain' | 'flag' | 'json';

export interface Column {
  readonly name: string;
  readonly kind: Kind;
}

export const plain = (name: string): Column => ({ name, kind: 'plain' });
export const flag = (name: string): Column => ({ name, kind: 'flag' });
export const json = (name: string): Column => ({ name, kind: 'json' });

function encode(kind: Kind, value: unknown): Cell {
  if (value === undefined) return null;
  if (kind === 'json') return JSON.stringify(value);
  if (kind === 'flag') return value === true ? 1 : 0;
  return value as Cell;
}

function decode(kind: Kind, cell: Cell): unknown {
  if (kind === 'json') return JSON.parse(cell as string);
  return kind === 'flag' ? cell === 1 : cell;
}

/** Between a record and its row, by a table of its fields. Fields that are not in the table are not stored. */
export class RowCodec<T extends object> {
  readonly #columns: readonly (readonly [string, Column])[];

  constructor(columns: Readonly<Partial<Record<keyof T & string, Column>>>) {
    this.#columns = Object.entries(columns) as [string, Column][];
  }

  /** The whole row of a record. */
  toRow(record: T): Row {
    const fields = record as Record<string, unknown>;
    return Object.fromEntries(
      this.#columns.map(([field, { name, kind }]) => [name, encode(kind, fields[field])]),
    );
  }

  /** The columns of those fields that are given, `undefined` ones cleared. */
  toChanges(changes: { readonly [Key in keyof T]?: T[Key] | undefined }): Row {
    const fields = changes as Record<string, unknown>;
    return Object.fromEntries(
      this.#columns
        .filter(([field]) => field in fields)
        .map(([field, { name, kind }]) => [name, encode(kind, fields[field])]),
    );
  }

  fromRow(row: Row, more: Partial<T> = {}): T {
    const fields = this.#columns
      .filter(([, { name }]) => row[name] !== null && row[name] !== undefined)
      .map(([field, { name, kind }]) => [field, decode(kind, row[name] ?? null)]);
    return { ...(Object.fromEntries(fields) as T), ...more };
  }
}
