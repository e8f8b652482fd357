import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import { matrixUnits } from './matrix/units.js';
import { manyOf, oneOf, searchOf, someOf, text, texts } from './search-params.js';
import { NotFound } from './shell/not-found.js';
import { Shell } from './shell/shell.js';
import {
  changeRequestStatuses,
  flagKinds,
  flagLifecycles,
  flagViews,
  fleetStatuses,
  operationStatuses,
  placements,
  releaseStatuses,
  riskClasses,
  sdkTokenKinds,
  sdkTokenViews,
  tenantStatuses,
  tiers,
} from './statuses.js';
import { tenantTabs } from './tenants/tabs.js';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  validateSearch: searchOf({ env: text }),
  search: { middlewares: [retainSearchParams(['env'])] },
});

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/tenants' });
  },
});

const tenants = createRoute({
  getParentRoute: () => root,
  path: '/tenants',
  validateSearch: searchOf({
    q: text,
    status: someOf(tenantStatuses),
    tier: someOf(tiers),
    region: text,
    label: text,
  }),
  component: lazyRouteComponent(() => import('./tenants/tenants.page.js'), 'TenantsPage'),
});

const tenant = createRoute({
  getParentRoute: () => root,
  path: '/tenants/$slug',
  validateSearch: searchOf({
    tab: oneOf(tenantTabs),
    kind: text,
  }),
  component: lazyRouteComponent(() => import('./tenants/tenant.page.js'), 'TenantPage'),
});

const offboardTenant = createRoute({
  getParentRoute: () => root,
  path: '/tenants/$slug/offboard',
  component: lazyRouteComponent(() => import('./tenants/offboard.page.js'), 'OffboardPage'),
});

const moveTenant = createRoute({
  getParentRoute: () => root,
  path: '/tenants/$slug/move',
  validateSearch: searchOf({
    database: oneOf(placements),
    workers: oneOf(placements),
    cluster: text,
  }),
  component: lazyRouteComponent(() => import('./tenants/move.page.js'), 'MovePage'),
});

const clusters = createRoute({
  getParentRoute: () => root,
  path: '/clusters',
  validateSearch: searchOf({ cluster: text }),
  component: lazyRouteComponent(() => import('./clusters/clusters.page.js'), 'ClustersPage'),
});

const onboard = createRoute({
  getParentRoute: () => root,
  path: '/onboard',
  component: lazyRouteComponent(() => import('./tenants/onboard.page.js'), 'OnboardPage'),
});

const operations = createRoute({
  getParentRoute: () => root,
  path: '/operations',
  validateSearch: searchOf({
    tenant: text,
    status: someOf(operationStatuses),
  }),
  component: lazyRouteComponent(() => import('./operations/operations.page.js'), 'OperationsPage'),
});

const operation = createRoute({
  getParentRoute: () => root,
  path: '/operations/$id',
  component: lazyRouteComponent(() => import('./operations/operation.page.js'), 'OperationPage'),
});

const instances = createRoute({
  getParentRoute: () => root,
  path: '/instances',
  component: lazyRouteComponent(() => import('./runtime/instances.page.js'), 'InstancesPage'),
});

const flags = createRoute({
  getParentRoute: () => root,
  path: '/flags',
  validateSearch: searchOf({
    q: text,
    project: texts,
    kind: someOf(flagKinds),
    risk: someOf(riskClasses),
    owner: texts,
    state: someOf(flagLifecycles),
    show: oneOf(flagViews),
  }),
  component: lazyRouteComponent(() => import('./flags/flags.page.js'), 'FlagsPage'),
});

const flag = createRoute({
  getParentRoute: () => root,
  path: '/flags/$key',
  /** `at` is the scope that is explained: `TENANT:northwind`, `BRANCH:northwind/bos`. */
  validateSearch: searchOf({ at: text }),
  component: lazyRouteComponent(() => import('./flags/flag.page.js'), 'FlagPage'),
});

const segments = createRoute({
  getParentRoute: () => root,
  path: '/segments',
  validateSearch: searchOf({ q: text, id: text }),
  component: lazyRouteComponent(() => import('./segments/segments.page.js'), 'SegmentsPage'),
});

const projects = createRoute({
  getParentRoute: () => root,
  path: '/projects',
  component: lazyRouteComponent(() => import('./projects/projects.page.js'), 'ProjectsPage'),
});

const environments = createRoute({
  getParentRoute: () => root,
  path: '/environments',
  component: lazyRouteComponent(() => import('./environments/environments.page.js'), 'EnvironmentsPage'),
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: '/tokens',
  validateSearch: searchOf({
    kind: someOf(sdkTokenKinds),
    in: text,
    tenant: text,
    show: oneOf(sdkTokenViews),
  }),
  component: lazyRouteComponent(() => import('./tokens/sdk-tokens.page.js'), 'SdkTokensPage'),
});

const importFlags = createRoute({
  getParentRoute: () => root,
  path: '/import',
  component: lazyRouteComponent(() => import('./flags/files/import.page.js'), 'ImportPage'),
});

const matrix = createRoute({
  getParentRoute: () => root,
  path: '/matrix',
  validateSearch: searchOf({
    q: text,
    column: text,
    tenant: text,
    units: manyOf(matrixUnits),
    cells: oneOf(['dense'] as const),
  }),
  component: lazyRouteComponent(() => import('./matrix/matrix.page.js'), 'MatrixPage'),
});

const playground = createRoute({
  getParentRoute: () => root,
  path: '/playground',
  validateSearch: searchOf({ flags: texts, in: texts, for: texts, all: oneOf(['yes'] as const) }),
  component: lazyRouteComponent(() => import('./playground/playground.page.js'), 'PlaygroundPage'),
});

const changeRequests = createRoute({
  getParentRoute: () => root,
  path: '/change-requests',
  validateSearch: searchOf({ status: someOf(changeRequestStatuses) }),
  component: lazyRouteComponent(
    () => import('./change-requests/change-requests.page.js'),
    'ChangeRequestsPage',
  ),
});

const changeRequest = createRoute({
  getParentRoute: () => root,
  path: '/change-requests/$id',
  component: lazyRouteComponent(
    () => import('./change-requests/change-request.page.js'),
    'ChangeRequestPage',
  ),
});

const fleet = createRoute({
  getParentRoute: () => root,
  path: '/fleet',
  validateSearch: searchOf({ status: someOf(fleetStatuses) }),
  component: lazyRouteComponent(() => import('./fleet/fleet.page.js'), 'FleetPage'),
});

const releases = createRoute({
  getParentRoute: () => root,
  path: '/releases',
  validateSearch: searchOf({ status: someOf(releaseStatuses) }),
  component: lazyRouteComponent(() => import('./releases/releases.page.js'), 'ReleasesPage'),
});

const newRelease = createRoute({
  getParentRoute: () => root,
  path: '/releases/new',
  component: lazyRouteComponent(() => import('./releases/new-release.page.js'), 'NewReleasePage'),
});

const release = createRoute({
  getParentRoute: () => root,
  path: '/releases/$id',
  component: lazyRouteComponent(() => import('./releases/release.page.js'), 'ReleasePage'),
});

const quotas = createRoute({
  getParentRoute: () => root,
  path: '/quotas',
  validateSearch: searchOf({ tenant: text }),
  component: lazyRouteComponent(() => import('./quotas/quotas.page.js'), 'QuotasPage'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: searchOf({
    tenant: text,
    area: text,
    actor: text,
    subject: text,
  }),
  component: lazyRouteComponent(() => import('./audit/audit.page.js'), 'AuditPage'),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  validateSearch: searchOf({ tenant: text }),
  component: lazyRouteComponent(() => import('./alerts/alerts.page.js'), 'AlertsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    tenants,
    tenant,
    offboardTenant,
    moveTenant,
    clusters,
    onboard,
    operations,
    operation,
    instances,
    flags,
    flag,
    segments,
    projects,
    environments,
    tokens,
    importFlags,
    matrix,
    playground,
    changeRequests,
    changeRequest,
    fleet,
    releases,
    newRelease,
    release,
    quotas,
    alerts,
    audit,
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
