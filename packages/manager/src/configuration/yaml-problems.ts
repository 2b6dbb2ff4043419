import type { YAMLError } from 'yaml';

export const NOT_A_TABLE = "the file must be a table of settings, such as 'state_path: ./state'";
export const TOO_DEEP = 'this cannot be read: tables and lists stand too deep in one another';
export const BAD_ALIAS =
  'it has an alias (*) that stands for nothing above it, for too much, or (after <<) for no table; ' +
  'put a text that begins with * in quotes';

/** The parser's own messages of these kinds quote what is written, secrets and all. */
const OWN_WORDS: Partial<Record<YAMLError['code'], string>> = {
  BAD_ALIAS: 'an alias (*) is not written as one; put a text that begins with * in quotes',
  BAD_DIRECTIVE: 'a line that begins with % is a directive, and there is none of this name',
  BAD_DQ_ESCAPE: 'there is no such escape (\\) in double quotes; put the text in single quotes',
  TAG_RESOLVE_FAILED:
    'there is no such tag (!), or not for this value; put a text that begins with ! in quotes',
  UNEXPECTED_TOKEN: 'something stands where it cannot; is a quote, a bracket, a comma or a colon missing?',
};

/** What is wrong, in words that no secret is in. */
export function describeYamlError({ code, message }: YAMLError): string {
  return `this is not YAML: ${OWN_WORDS[code] ?? message}`;
}
