import { BACKEND_OPTIONS, DriverError, Type } from '@scoria/core';

/** The options of every driver that keeps volumes as files on shares; spread it into `defineOptions`. */
export const REMOTEFS_OPTIONS = {
  ...BACKEND_OPTIONS,
  // YAML reads a bare true as a boolean, an INI file as text: both are what the operator means.
  nas_secure_file_permissions: Type.Union(
    [
      Type.Literal('auto'),
      Type.Literal('true'),
      Type.Literal('false'),
      Type.Literal(true),
      Type.Literal(false),
    ],
    {
      default: 'auto',
      description:
        "'auto' and 'true': volume files are for their owner and group only (0660). 'false': everyone on this host " +
        'can read and write them (0666).',
    },
  ),
  volume_name_template: Type.String({
    default: 'volume-%s',
    description: "A volume file's name; %s is the volume's id. Cinder's own is 'volume-%s'.",
  }),
};

/** The permission bits of volume files: world-readable only by an explicit option. */
export function volumeFileMode(options: {
  readonly nas_secure_file_permissions: string | boolean;
}): 0o660 | 0o666 {
  return String(options.nas_secure_file_permissions) === 'false' ? 0o666 : 0o660;
}

/** The template's result is a file name; the longest that is made from it is '.<36 characters>.info' longer. */
const LONGEST_TEMPLATE = 150;

/** Why the template cannot be used, or `undefined` if it can. */
export function nameTemplateProblem(template: string): string | undefined {
  const shown = JSON.stringify(template);
  if ((template.match(/%/g) ?? []).length !== 1 || !template.includes('%s')) {
    return `must have %s in it exactly once and no other %, but is ${shown}`;
  }
  if (!/^[A-Za-z0-9_.%+-]+$/.test(template)) {
    return `must have only letters, digits and _ . + - besides %s, but is ${shown}`;
  }
  if (template.includes('..')) return `must not have '..' in it, but is ${shown}`;
  if (/^[.-]/.test(template)) return `must not begin with '.' or '-', but is ${shown}`;
  if (template.endsWith('.info'))
    return `must not end in '.info', the name of chain records, but is ${shown}`;
  if (template.length > LONGEST_TEMPLATE)
    return `must not be longer than ${String(LONGEST_TEMPLATE)} characters`;
  return undefined;
}

/** Refuses a template that {@link nameTemplateProblem} finds fault with. @throws DriverError `invalid-input` */
export function checkNameTemplate(template: string): void {
  const problem = nameTemplateProblem(template);
  if (problem === undefined) return;
  throw new DriverError({ code: 'invalid-input', message: `volume_name_template ${problem}` });
}
