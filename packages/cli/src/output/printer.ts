import Table from 'cli-table3';
import type { Globals } from '../globals.js';
import type { Fields } from './json.js';
import { printable, printableJson } from './escape.js';

const NO_FRAME = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Writes results: one JSON document for programs, tables for people. What is said besides goes to standard error. */
export class Printer {
  constructor(
    private readonly globals: Pick<Globals, 'json'>,
    /** Takes away what is shown in passing, before anything is printed in its place. */
    private readonly clear: () => void = () => undefined,
  ) {}

  get isJson(): boolean {
    return this.globals.json;
  }

  /** One object: its fields below each other. */
  object(fields: Fields): void {
    if (this.isJson) {
      this.document(fields);
      return;
    }
    const table = this.#table([]);
    for (const [name, value] of Object.entries(fields)) table.push([name, cell(value)]);
    this.text(table.toString());
  }

  /** A list: `columns` of it as a table, all of it as JSON. */
  list(rows: readonly Fields[], columns: readonly string[], empty: string): void {
    if (this.isJson) {
      this.document(rows);
      return;
    }
    if (rows.length === 0) {
      this.note(empty);
      return;
    }
    const table = this.#table(columns.map((column) => column.toUpperCase()));
    for (const row of rows) table.push(columns.map((column) => cell(row[column])));
    this.text(table.toString());
  }

  document(value: unknown): void {
    this.text(printableJson(value, 2));
  }

  /** One line for a person, with names and paths of others in it. */
  line(text: string): void {
    this.text(printable(text));
  }

  /** On standard output. */
  text(text: string): void {
    this.clear();
    const lines = text.split('\n').map((line) => line.trimEnd());
    process.stdout.write(`${lines.join('\n')}\n`);
  }

  /** On standard error: never part of the result. */
  note(text: string): void {
    this.clear();
    process.stderr.write(`${printable(text)}\n`);
  }

  #table(head: string[]): InstanceType<typeof Table> {
    return new Table({
      head,
      chars: NO_FRAME,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    });
  }
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return printable(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return printable(value.join(', '));
  return printable(JSON.stringify(value));
}
