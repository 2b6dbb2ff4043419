/** What a backend's pool says of itself under one name; a list where it has several names for one thing. */
export type CapabilityValue = string | number | boolean | readonly string[];

/** Looks at a capability's value and the words that follow the operator. */
type Operator = (value: string, wanted: string) => boolean;

const TRUE_WORDS: readonly string[] = ['1', 't', 'true', 'on', 'y', 'yes'];

function isTrue(text: string): boolean {
  return TRUE_WORDS.includes(text.trim().toLowerCase());
}

function numbers(compare: (value: number, wanted: number) => boolean): Operator {
  return (value, wanted) => {
    const [left, right] = [value, wanted].map((text) => (text.trim() === '' ? NaN : Number(text)));
    return left !== undefined && right !== undefined && compare(left, right);
  };
}

/** By the names of Cinder's `extra_specs_ops`; `=` is "at least" there. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  '=': numbers((value, wanted) => value >= wanted),
  '>=': numbers((value, wanted) => value >= wanted),
  '<=': numbers((value, wanted) => value <= wanted),
  '==': numbers((value, wanted) => value === wanted),
  '!=': numbers((value, wanted) => value !== wanted && !Number.isNaN(value) && !Number.isNaN(wanted)),
  's==': (value, wanted) => value === wanted,
  's!=': (value, wanted) => value !== wanted,
  's<': (value, wanted) => value < wanted,
  's<=': (value, wanted) => value <= wanted,
  's>': (value, wanted) => value > wanted,
  's>=': (value, wanted) => value >= wanted,
  '<in>': (value, wanted) => value.includes(wanted),
  '<is>': (value, wanted) => isTrue(value) === isTrue(wanted),
};

/**
 * Does a value meet a requirement, in the language of Cinder's volume types: an operator and a word (`<is> True`,
 * `>= 10`, `s== iSCSI`), `<or> a <or> b`, or a plain value that must be equal?
 */
export function meets(value: CapabilityValue, requirement: string): boolean {
  if (typeof value === 'object') return value.some((one) => meets(one, requirement));
  const text = String(value);
  const [first = '', second] = requirement.split(/\s+/).filter((word) => word !== '');
  if (first === '<or>') return alternatives(requirement).includes(text);
  const operator = Object.hasOwn(OPERATORS, first) ? OPERATORS[first] : undefined;
  if (operator !== undefined) return second !== undefined && operator(text, second);
  return typeof value === 'boolean' ? value === isTrue(requirement) : text === requirement;
}

function alternatives(requirement: string): string[] {
  const words = requirement.split(/\s+/).filter((word) => word !== '');
  return words.filter((_, index) => index % 2 === 1);
}

/**
 * The capability that a key of a type asks for: a plain key, or one in the scope `capabilities`. Keys in other scopes
 * (`provisioning:type`, a vendor's own) are not for the choice of a backend.
 */
export function capabilityKey(key: string): string | undefined {
  const colon = key.indexOf(':');
  if (colon === -1) return key;
  return key.slice(0, colon) === 'capabilities' ? key.slice(colon + 1) : undefined;
}
