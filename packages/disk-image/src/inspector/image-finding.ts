/**
 * Why an image is not safe to use as it is:
 * - `backing-file`: data comes from another image (backing file, parent, base)
 * - `unsafe-reference`: a name of another image that is no plain file name
 * - `data-file`: guest data lives in an external file
 * - `external-extent`: an extent of the disk is another file
 * - `unknown-features`: feature bits, regions or types that change the meaning of the data
 * - `unknown-version`: a version of the format that is not known
 * - `unsupported-subformat`: a known variant that is not accepted
 * - `unsafe-format`: a format that is never accepted
 * - `field-out-of-bounds`: a header field beyond what the format or qemu allows
 * - `truncated`: a structure that the header points to is not in the file
 * - `bad-checksum`, `corrupt`: the image is damaged, or says so itself
 * - `encrypted`: the payload is encrypted by the container
 * - `pending-log`: metadata changes when the image is opened
 * - `malformed-descriptor`, `disguised-descriptor`: descriptor text that readers may take differently
 * - `ambiguous-header`: two copies of one thing disagree
 * - `polyglot`: valid as more than one thing
 * - `claim-mismatch`: not what it was claimed to be
 */
export type ImageFindingCode =
  | 'backing-file'
  | 'unsafe-reference'
  | 'data-file'
  | 'external-extent'
  | 'unknown-features'
  | 'unknown-version'
  | 'unsupported-subformat'
  | 'unsafe-format'
  | 'field-out-of-bounds'
  | 'truncated'
  | 'bad-checksum'
  | 'corrupt'
  | 'encrypted'
  | 'pending-log'
  | 'malformed-descriptor'
  | 'disguised-descriptor'
  | 'ambiguous-header'
  | 'polyglot'
  | 'claim-mismatch';

/** One thing that is unsafe about an image; `detail` names the offending value. */
export interface ImageFinding {
  readonly code: ImageFindingCode;
  readonly detail: string;
}

const QUOTED_MAX = 200;

/** A value from an image, quoted and shortened for a message. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > QUOTED_MAX ? `${value.slice(0, QUOTED_MAX)}...` : value);
}

/** Collects findings while a format is judged. */
export class Findings {
  readonly list: ImageFinding[] = [];

  add(code: ImageFindingCode, detail: string): void {
    this.list.push({ code, detail });
  }

  /** Adds the finding when the condition holds. */
  when(condition: boolean, code: ImageFindingCode, detail: string): void {
    if (condition) {
      this.add(code, detail);
    }
  }

  /** Records that `field` holds `value`, where `rule` says what is expected. */
  bounds(ok: boolean, field: string, value: number | string, rule: string): void {
    this.when(!ok, 'field-out-of-bounds', `${field} is ${value}; expected ${rule}`);
  }
}
