/** The options that every command has. */
export interface Globals {
  readonly config?: string;
  readonly json: boolean;
  readonly project: string;
  readonly verbose: boolean;
}
