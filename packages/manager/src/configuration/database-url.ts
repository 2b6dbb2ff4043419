/** Whether a database's address can be used; `false` says nothing of what is in it. */
export function isDatabaseUrl(text: string): boolean {
  return /^sqlite:\/.*[^/]$/.test(text) || (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text));
}

export function hasPassword(databaseUrl: string): boolean {
  if (databaseUrl.startsWith('sqlite:')) return false;
  const { password, searchParams } = new URL(databaseUrl);
  return password !== '' || searchParams.has('password');
}

/** A database's address for people: who and with what password is left out. */
export function describeDatabase(databaseUrl: string): string {
  if (databaseUrl.startsWith('sqlite:')) return `SQLite, ${databaseUrl.slice('sqlite:'.length)}`;
  const { host, pathname } = new URL(databaseUrl);
  return `PostgreSQL, ${host === '' ? 'by its socket' : host}${pathname}`;
}
