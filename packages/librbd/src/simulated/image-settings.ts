import { simulatedError, type SimulatedSubject } from './simulated-error.js';

const PREFIX = 'conf_';
/** Settings of images that are numbers. */
const NUMBERS = /^rbd_(qos_\w+|cache_size|readahead_\w+|op_threads|concurrent_management_ops)$/;
/** The others that are known here. */
const OTHERS =
  /^rbd_(cache|cache_policy|cache_writethrough_until_flush|default_\w+|balance_\w+|localize_\w+)$/;

/** Metadata that librbd takes for its own settings has to make sense. @throws RbdError `invalid` */
export function checkMetadata(key: string, value: string, subject: SimulatedSubject): void {
  if (!key.startsWith(PREFIX)) return;
  const setting = key.slice(PREFIX.length);
  if (NUMBERS.test(setting)) {
    if (/^\d+$/.test(value)) return;
    throw simulatedError('invalid', subject, `${setting} has to be a number, not '${value}'`);
  }
  if (!OTHERS.test(setting)) throw simulatedError('invalid', subject, `there is no setting ${setting}`);
}
