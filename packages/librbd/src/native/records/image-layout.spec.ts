import { arePlain, configuredFeatures, plainLayout } from './image-layout.js';

const SUBJECT = { operation: 'rbd_create4', object: 'image rbd/a' };
const DEFAULT = ['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'];

describe('an image that is made by its records', () => {
  it.each<[string, readonly string[], bigint]>([
    ['the default features', DEFAULT, 61n],
    ['layering', ['layering'], 1n],
    ['none', [], 0n],
    ['those of a parent that has clones', [...DEFAULT, 'operations'], 61n],
  ])('has %s', (_, features, bits) => {
    expect(plainLayout(1024, 22, features, SUBJECT)).toEqual({ sizeBytes: 1024, order: 22, features: bits });
  });

  it.each<[string, readonly string[], number]>([
    ['a journal', [...DEFAULT, 'journaling'], 22],
    ['a data pool', [...DEFAULT, 'data-pool'], 22],
    ['stripes', ['striping'], 22],
    ['a feature of a later version', ['feature-40'], 22],
    ['an object map without the lock', ['object-map', 'fast-diff'], 22],
    ['an object map without fast-diff', ['exclusive-lock', 'object-map'], 22],
    ['fast-diff without an object map', ['exclusive-lock', 'fast-diff'], 22],
    ['objects that are too small', DEFAULT, 11],
    ['objects that are too large', DEFAULT, 26],
    ['half an order', DEFAULT, Number.NaN],
  ])('is left to librbd where it is to have %s', (_, features, order) => {
    expect(plainLayout(1024, order, features, SUBJECT)).toBeUndefined();
  });

  it.each([
    ['61', DEFAULT],
    ['1', ['layering']],
    ['layering, exclusive-lock', ['layering', 'exclusive-lock']],
  ])('has the features of the setting %s', (setting, features) => {
    expect(configuredFeatures(setting)).toEqual(features);
  });

  it.each([
    [[...DEFAULT, 'operations'], true],
    [[...DEFAULT, 'migrating'], false],
    [['layering', 'non-primary'], false],
  ])('with %j is plain: %s', (features, expected) => {
    expect(arePlain(features)).toBe(expected);
  });
});
