import { type RbdCase, refused, same, type Scene } from '../scene.js';

const ALL = ['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'];

const changes: [names: string[], enabled: boolean, after: string[] | undefined][] = [
  [['object-map'], false, ['layering', 'exclusive-lock', 'deep-flatten']],
  [['fast-diff'], false, ['layering', 'exclusive-lock', 'deep-flatten']],
  [['exclusive-lock', 'object-map', 'fast-diff'], false, ['layering', 'deep-flatten']],
  [['deep-flatten'], false, ['layering', 'exclusive-lock', 'object-map', 'fast-diff']],
  [['layering'], false, undefined],
  [['exclusive-lock'], false, undefined],
  [['exclusive-lock'], true, undefined],
  [['deep-flatten'], true, undefined],
  [['striping'], true, undefined],
  [['colour'], true, undefined],
  [[], true, undefined],
];

export const featureCases: readonly RbdCase[] = [
  ...changes.map(([names, enabled, after]) => ({
    name: `switches ${names.join(', ') || 'no feature'} ${enabled ? 'on' : 'off'}: ${after === undefined ? 'invalid' : 'done'}`,
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      const change = image.updateFeatures(names, enabled);
      if (after === undefined) await refused('invalid', change);
      else await change;
      same((await image.info()).features, after ?? ALL);
    },
  })),
  {
    name: 'switches features on again',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: 0, features: ['layering'] });
      await using image = await scene.pool.openImage('image');
      await refused('invalid', image.updateFeatures(['object-map'], true));
      await image.updateFeatures(['exclusive-lock'], true);
      await image.updateFeatures(['object-map'], true);
      same((await image.info()).features, ['layering', 'exclusive-lock', 'object-map', 'fast-diff']);
    },
  },
  {
    name: 'clones nothing without layering',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: 0, features: ['exclusive-lock'] });
      await using image = await scene.pool.openImage('image');
      await image.createSnapshot('snap');
      const parent = { parentImage: 'image', parentSnapshot: 'snap' };
      await refused('not-supported', scene.pool.cloneImage('child', { ...parent, format: 2 }));
    },
  },
  {
    name: 'keeps metadata',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      same([await image.metadataValue('none'), [...(await image.metadata())]], [undefined, []]);
      await image.setMetadata('b', 'two');
      await image.setMetadata('a', '');
      await image.setMetadata('b', 'deux');
      same(
        [...(await image.metadata())],
        [
          ['a', ''],
          ['b', 'deux'],
        ],
      );
      same(await image.metadataValue('b'), 'deux');
      await image.removeMetadata('b');
      await image.removeMetadata('b');
      same([...(await image.metadata()).keys()], ['a']);
      await refused('invalid', image.setMetadata('', 'value'));
    },
  },
  {
    name: 'takes settings as metadata that librbd knows, and no others',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.setMetadata('conf_rbd_qos_iops_limit', '100');
      await refused('invalid', image.setMetadata('conf_rbd_qos_iops_limit', 'many'));
      await refused('invalid', image.setMetadata('conf_rbd_nonsense', '1'));
      same([...(await image.metadata())], [['conf_rbd_qos_iops_limit', '100']]);
    },
  },
];
