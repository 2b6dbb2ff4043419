export const MASK = '***';

interface SecretPattern {
  readonly what: string;
  readonly pattern: RegExp;
  readonly replacement: string;
}

const NAMES = 'password|passwd|passphrase|secret|token|api[-_]?key|private[-_]?key|auth[-_]?key';

/** A name that ends in one of these, in any of the ways names are written: `rbd_secret`, `adminPassword`. */
const SECRET_WORD =
  /^(?:password|passwd|passphrase|secret|secrets|token|key|keyring|credentials?|authorization|cookie)$/;

/**
 * What looks like a secret in any text, whoever wrote it. Masks too much rather than too little: a value
 * ends only where none of the notations would go on. Repetitions are bounded: a long text must not take long.
 */
export const SECRET_PATTERNS: readonly SecretPattern[] = [
  {
    what: 'credentials in a URL, whose password may have slashes',
    pattern: /(\b[a-z][a-z0-9+.-]{0,30}:\/\/)(?:[^\s/@:'"]{0,256}:[^\s@'"]{0,256}|[^\s/@'"]{1,512})@/gi,
    replacement: `$1${MASK}@`,
  },
  {
    what: 'a value in JSON or YAML',
    pattern: new RegExp(`(["'][\\w.-]{0,60}(?:${NAMES}|\\bkey)["']\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`, 'gi'),
    replacement: `$1"${MASK}"`,
  },
  {
    what: 'JSON within JSON',
    pattern: new RegExp(`(\\\\"[\\w.-]{0,60}(?:${NAMES}|\\bkey)\\\\"\\s*:\\s*\\\\")[^"]*`, 'gi'),
    replacement: `$1${MASK}`,
  },
  {
    what: 'name=value; a doubled comma is a comma to QEMU',
    pattern: new RegExp(`((?:${NAMES})=)("[^"]*"|'[^']*'|(?:\\\\.|,,|[^\\s,&"'}])*)`, 'gi'),
    replacement: `$1${MASK}`,
  },
  {
    what: 'key=value of an rbd: name, where a colon ends the value',
    pattern: /(\bkey=)((?:\\.|,,|[^\s,:&"'}])*)/gi,
    replacement: `$1${MASK}`,
  },
  {
    what: "the data of QEMU's secret object",
    pattern: /(\bsecret,[^\s]{0,300}?\bdata=)(?:,,|[^\s,])*/gi,
    replacement: `$1${MASK}`,
  },
  {
    what: 'a header of HTTP',
    pattern:
      /((?:authorization|x-auth-token|x-subject-token)["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?)[^\s"',]+/gi,
    replacement: `$1${MASK}`,
  },
];

/** True for the name of a field or an option whose value is a secret. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return SECRET_WORD.test(words.at(-1) ?? '');
}
