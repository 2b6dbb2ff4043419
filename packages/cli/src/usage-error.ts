/** The command was called wrongly: exit status 2. The message says what was expected and what was given. */
export class UsageError extends Error {}
