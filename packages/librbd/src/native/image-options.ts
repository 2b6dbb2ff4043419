import type { CloneOptions, CreateImageOptions } from '../model/pool.js';
import { checkCount } from './arguments.js';
import { type CallSubject, nativeError, rbdError } from './errno.js';
import { featureBits } from './features.js';
import type { NativeLibrary } from './native-library.js';
import { Words } from './words.js';

/** Source: librbd.h. */
const OPTION = { features: 1, order: 2, stripeUnit: 3, stripeCount: 4, cloneFormat: 12 };

type Layout = Pick<
  CreateImageOptions & CloneOptions,
  'order' | 'features' | 'stripeUnitBytes' | 'stripeCount' | 'format'
>;

/** How a new image is to be, as librbd takes it. */
export class NativeImageOptions implements Disposable {
  readonly #library: NativeLibrary;
  readonly #made = new Words(1);

  /** @throws RbdError `invalid` */
  constructor(library: NativeLibrary, layout: Layout, subject: CallSubject) {
    const settings = layoutSettings(layout, subject);
    this.#library = library;
    library.callNow('rbd_image_options_create', this.#made.memory);
    for (const [option, value] of settings) {
      const result = library.callNow('rbd_image_options_set_uint64', this.address, option, value);
      if (result < 0) throw nativeError(result, subject);
    }
  }

  get address(): bigint {
    return this.#made.at(0);
  }

  [Symbol.dispose](): void {
    this.#library.callNow('rbd_image_options_destroy', this.address);
  }
}

function layoutSettings(layout: Layout, subject: CallSubject): [option: number, value: bigint][] {
  const { order, features, stripeUnitBytes, stripeCount, format } = layout;
  const settings: [number, bigint][] = [];
  const add = (option: number, value: number | undefined, what: string): void => {
    if (value === undefined) return;
    checkCount(value, what, subject);
    settings.push([option, BigInt(value)]);
  };
  add(OPTION.order, order, 'the order');
  add(OPTION.stripeUnit, stripeUnitBytes, 'the stripe unit');
  add(OPTION.stripeCount, stripeCount, 'the stripe count');
  if (features !== undefined) settings.push([OPTION.features, featureBits(features, subject)]);
  if (format === undefined) return settings;
  if (![1, 2].includes(format)) throw rbdError('invalid', subject, 'the clone format has to be 1 or 2');
  return [...settings, [OPTION.cloneFormat, BigInt(format)]];
}
