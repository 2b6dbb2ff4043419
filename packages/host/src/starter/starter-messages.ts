/** Where the starter finds the socket on which it gets descriptors: after its streams and its channel. */
export const DESCRIPTORS_AT = 4;

/**
 * To the starter: a program to be started. Its descriptors were sent before, in one message: standard input if it has
 * one, standard output and error, and what it is to keep open besides.
 */
export interface StartOrder {
  readonly id: number;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly hasInput: boolean;
  readonly descriptors: number;
}

/** From the starter: of each program that it was started or why not, and then how it ended. */
export type StarterReport =
  | { readonly id: number; readonly pid: number }
  /** 'EACCES', 'E2BIG' and so on. */
  | { readonly id: number; readonly failure: string }
  | { readonly id: number; readonly exitCode: number | null; readonly signal: NodeJS.Signals | null };
