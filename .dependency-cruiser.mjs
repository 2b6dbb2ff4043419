/** Which workspaces' code each workspace may import, besides its own. Specs may import the test kit on top of it. */
const mayImport = {
  'packages/core': [],
  'packages/host': ['packages/core'],
  'packages/disk-image': ['packages/core', 'packages/host'],
  'packages/remotefs': ['packages/core', 'packages/host', 'packages/disk-image'],
  'packages/librbd': ['packages/core'],
  'packages/image-service': ['packages/core', 'packages/host'],
  'packages/compute': ['packages/core'],
  'packages/store': ['packages/core', 'packages/host'],
  'packages/manager': [
    'packages/core',
    'packages/host',
    'packages/disk-image',
    'packages/image-service',
    'packages/compute',
    'packages/store',
  ],
  'packages/api': ['packages/core', 'packages/manager'],
  'packages/cli': ['packages/core', 'packages/host', 'packages/store', 'packages/manager', 'packages/api'],
  'packages/testkit': ['packages/core'],
  'drivers/[^/]+': ['packages/core', 'packages/disk-image', 'packages/remotefs', 'packages/librbd'],
  'examples/vendor-driver': ['packages/core'],
};
const workspaces = '^(packages|drivers|examples|test)/';
// What specs alone import may be a development dependency.
const spec = '([.]spec[.]ts$|/(spec-support|fixtures|testing)/)';

function layer([workspace, allowed]) {
  const severalOfAKind = workspace.startsWith('drivers/');
  const name = severalOfAKind ? 'drivers' : workspace;
  const own = severalOfAKind ? 'drivers/$1' : workspace;
  const from = severalOfAKind ? '^drivers/([^/]+)/' : `^${workspace}/`;
  const rule = (ruleName, path, except, to) => ({
    name: ruleName,
    severity: 'error',
    comment: `May import: ${to.join(', ')}. If it truly needs more, change the table in .dependency-cruiser.mjs.`,
    from: { path, ...except },
    to: { path: workspaces, pathNot: `^(${to.join('|')})/` },
  });
  return [
    rule(`layer-of-${name}`, from, { pathNot: spec }, [own, ...allowed]),
    rule(`layer-of-specs-of-${name}`, `${from}.*${spec}`, {}, [own, ...allowed, 'packages/testkit']),
  ];
}

export default {
  forbidden: [
    ...Object.entries(mayImport).flatMap(layer),
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Modules that import each other cannot be understood, or loaded, one at a time.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-through-the-front-door',
      severity: 'error',
      comment:
        "Import what the other workspace's package.json exports; its other files are its own business.",
      from: { path: '^(?:packages|drivers|examples)/([^/]+)/|^(test)/' },
      to: {
        path: '^(?:packages|drivers|examples)/[^/]+/',
        pathNot: [
          '^(?:packages|drivers|examples)/$1/',
          '^(?:packages|drivers|examples)/[^/]+/src/index[.]ts$',
          // The two side doors, for programs that must start fast.
          '^packages/core/src/basics[.]ts$',
          '^packages/manager/src/records[.]ts$',
          // The suite that the tests on a server share.
          '^packages/store/src/testing/index[.]ts$',
          '^packages/librbd/src/(simulated|testing)/index[.]ts$',
          '^drivers/rbd/src/testing/index[.]ts$',
        ],
      },
    },
    {
      name: 'nobody-imports-tests-or-examples',
      severity: 'error',
      from: { path: '^(packages|drivers)/' },
      to: { path: '^(test|examples)/|[.]spec[.]ts$' },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'Not to be found: is it misspelt, or missing from package.json?',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependencies',
      severity: 'error',
      comment:
        'What a source imports belongs into its own package.json, as a dependency and not a development one.',
      from: { path: '^(packages|drivers|examples)/[^/]+/src/', pathNot: spec },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsConfig: { fileName: 'tsconfig.check.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@scoria/source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs'],
    },
  },
};
