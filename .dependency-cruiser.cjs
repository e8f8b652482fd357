/** DESIGN's arrows: apps → domain libs → audit, operations, identity → platform; the data plane stands apart. */
const domains = 'tenancy|flags|releases|quotas|environments';
const foundation = 'audit|operations|identity';
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-the-index-of-another-lib',
      comment:
        'A lib is entered through its index (or one of the files made to be entered: #runtime/wire, #runtime/nest, #tenancy/manifest-files), never through its internals.',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: {
        path: '^libs/[^/]+/src/',
        pathNot: [
          '^libs/$2/',
          '^libs/[^/]+/src/index\\.ts$',
          '^libs/(runtime/src/(wire|nest)|tenancy/src/manifests/manifest-files)\\.ts$',
        ],
      },
    },
    { name: 'libs-never-import-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'apps-stand-alone',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'platform-knows-no-domain',
      severity: 'error',
      from: { path: '^libs/platform/' },
      to: { path: '^libs/', pathNot: '^libs/platform/' },
    },
    {
      name: 'foundation-knows-no-domain',
      severity: 'error',
      from: { path: `^libs/(${foundation})/` },
      to: { path: `^libs/(${domains}|runtime|distribution)/` },
    },
    {
      name: 'runtime-is-self-contained',
      comment: "What an operator's own service imports must not drag the control plane along.",
      severity: 'error',
      from: { path: '^libs/runtime/' },
      to: { path: '^libs/', pathNot: '^libs/runtime/' },
    },
    {
      name: 'api-client-imports-nothing',
      severity: 'error',
      from: { path: '^libs/api-client/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^libs/api-client/' },
    },
    {
      name: 'only-apps-are-clients',
      comment:
        'Inside the control plane a service is called, not its API; the data plane asks it nothing by GraphQL.',
      severity: 'error',
      from: {
        path: '^(libs|apps/(control-plane|distribution|integration-worker))/',
        pathNot: '^libs/api-client/',
      },
      to: { path: '^libs/api-client/' },
    },
    {
      name: 'data-plane-knows-no-control-plane',
      severity: 'error',
      from: { path: '^(libs/distribution|apps/distribution|apps/integration-worker)/' },
      to: { path: `^libs/(${domains}|${foundation})/` },
    },
    {
      name: 'control-plane-knows-no-data-plane',
      comment: 'The control plane shares only the wire types with the runtime.',
      severity: 'error',
      from: { path: `^(libs/(${domains}|${foundation})|apps/control-plane)/` },
      to: { path: '^libs/(distribution|runtime)/', pathNot: '^libs/runtime/src/wire\\.ts$' },
    },
    {
      name: 'no-test-code-in-production',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: '\\.(test|fixture)\\.ts$' },
      to: { path: ['^test/', '\\.test\\.ts$', '\\.fixture\\.ts$'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['(^|/)dist/', '^apps/console/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'require', 'node', 'default'],
    },
  },
};
