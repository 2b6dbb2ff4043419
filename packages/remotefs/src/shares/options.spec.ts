import { defineOptions, isDriverError, validateOptions } from '@scoria/core';
import { checkNameTemplate, nameTemplateProblem, REMOTEFS_OPTIONS, volumeFileMode } from './options.js';

const schema = defineOptions(REMOTEFS_OPTIONS);
const subject = 'backend test';

describe('REMOTEFS_OPTIONS', () => {
  it('has the defaults of Cinder, and those of every backend', () => {
    expect(validateOptions(schema, {}, { subject })).toEqual({
      nas_secure_file_permissions: 'auto',
      volume_name_template: 'volume-%s',
      reserved_percentage: 0,
      max_over_subscription_ratio: 20,
    });
  });

  it.each([
    ['YAML text', { nas_secure_file_permissions: 'false' }, false, 0o666],
    ['a YAML boolean', { nas_secure_file_permissions: false }, false, 0o666],
    ['INI text', { nas_secure_file_permissions: 'false' }, true, 0o666],
    ['a YAML boolean', { nas_secure_file_permissions: true }, false, 0o660],
    ['INI text', { nas_secure_file_permissions: 'true' }, true, 0o660],
    ['nothing', {}, false, 0o660],
    ['auto', { nas_secure_file_permissions: 'auto' }, true, 0o660],
  ])('reads the permissions from %s: %j', (_case, values, fromText, mode) => {
    expect(volumeFileMode(validateOptions(schema, values, { subject, fromText }))).toBe(mode);
  });

  it('refuses another value for the permissions', () => {
    expect(() => validateOptions(schema, { nas_secure_file_permissions: '0666' }, { subject })).toThrow(
      /nas_secure_file_permissions: must be "auto"/,
    );
  });
});

describe('the volume name template', () => {
  it.each(['volume-%s', '%s', 'cinder_%s.raw', 'a+%s-b'])('may be %s', (template) => {
    expect(nameTemplateProblem(template)).toBeUndefined();
    checkNameTemplate(template);
  });

  it.each([
    ['', /%s in it exactly once/],
    ['volume', /%s in it exactly once/],
    ['%s-%s', /%s in it exactly once/],
    ['%d', /%s in it exactly once/],
    ['%s%%', /%s in it exactly once/],
    ['../%s', /only letters/],
    ['a/%s', /only letters/],
    ['a %s', /only letters/],
    ['%s\n', /only letters/],
    ['%s\0', /only letters/],
    ['a..%s', /'\.\.'/],
    ['.%s', /must not begin/],
    ['-%s', /must not begin/],
    ['%s.info', /chain records/],
    [`${'x'.repeat(200)}%s`, /longer than 150/],
  ])('may not be %j', (template, message) => {
    let failure: unknown;
    try {
      checkNameTemplate(template);
    } catch (error) {
      failure = error;
    }
    expect(isDriverError(failure, 'invalid-input')).toBe(true);
    expect((failure as Error).message).toMatch(message);
  });
});
