import { readJson } from '../keystone/token-answer.js';

const LONGEST = 300;

/**
 * What became of a request:
 *
 * | fate | meaning |
 * | --- | --- |
 * | `refused` | nothing is done of it |
 * | `busy` | nothing is done of it, because the server is at something else, or in a state that does not allow it |
 * | `unknown` | it may be done, under way, or never heard of |
 */
export type RequestFate = 'refused' | 'busy' | 'unknown';

/** A request that Nova did not accept. What it means for a disk's chain is said by whoever asked. */
export class NovaRefusal extends Error {
  constructor(
    readonly fate: RequestFate,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NovaRefusal';
  }
}

/** Nova has no status of its own for it here: a 400 with these words. */
const BUSY = /while the instance is in this state|is not ready|instance is locked/i;

/** What an answer other than the expected one means. */
export function refusalOf(status: number, text: string): NovaRefusal {
  const said = saidIn(text);
  if (status === 409 || (status === 400 && BUSY.test(said)))
    return new NovaRefusal(
      'busy',
      `the server is at something else${quoted(said)}; try again when it has ended`,
    );
  if (status >= 500 || status < 300)
    return new NovaRefusal('unknown', `its answer was ${status}${quoted(said)}; look into its log`);
  return new NovaRefusal('refused', `${reasonOf(status)}${quoted(said)}`);
}

function reasonOf(status: number): string {
  if (status === 400) return 'it refuses, as it does where the volume is attached to no server or to several';
  if (status === 401) return 'it does not take the token, nor a new one: correct the credentials';
  if (status === 403)
    return 'the user may not: it needs the role that os_compute_api:os-assisted-volume-snapshots asks for';
  if (status === 404)
    return 'it knows no such snapshot, server or address: correct the endpoint, or detach the volume here';
  if (status < 400) return `it sends us elsewhere (${status}), where no token is sent: correct the endpoint`;
  return `its answer was ${status}`;
}

/** Nova's own words: `{"badRequest": {"code": 400, "message": "..."}}`. Other programs' pages are not repeated. */
function saidIn(text: string): string {
  const answer = readJson(text);
  if (typeof answer !== 'object' || answer === null) return '';
  const [only] = Object.values(answer) as unknown[];
  const { message } = (typeof only === 'object' && only !== null ? only : {}) as { message?: unknown };
  return typeof message === 'string' ? printable(message) : '';
}

function printable(message: string): string {
  const line = message.replace(/[\p{C}\s]+/gu, ' ').trim();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST)}...`;
}

function quoted(said: string): string {
  return said === '' ? '' : ` (${JSON.stringify(said)})`;
}
