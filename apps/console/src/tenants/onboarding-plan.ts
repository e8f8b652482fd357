import type { Placement, Tier } from '../components/badges.js';

export interface OnboardingWish {
  slug: string;
  name: string;
  plan: string;
  region: string;
  labels: string[];
  database: Placement;
  integrationWorkers: Placement;
  kit: string | null;
}

export const emptyWish: OnboardingWish = {
  slug: '',
  name: '',
  plan: 'standard',
  region: '',
  labels: [],
  database: 'SHARED',
  integrationWorkers: 'SHARED',
  kit: null,
};

export function tierOf(database: Placement, workers: Placement): Tier {
  if (database !== workers) return 'HYBRID';
  return database;
}

/** Same rule as the control plane's: begins with a letter, 2 to 31 characters. */
export function slugProblem(slug: string): string | undefined {
  if (!slug || /^[a-z][a-z0-9-]{1,30}$/.test(slug)) return undefined;
  if (!/^[a-z]/.test(slug)) return 'Begins with a lower-case letter';
  if (/[^a-z0-9-]/.test(slug)) return 'Lower-case letters, digits and hyphens only';
  return slug.length < 2 ? 'At least two characters' : 'At most 31 characters';
}

export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 31);

export const labelsOf = (labels: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    labels.flatMap((label) => {
      const [key, value] = label.split('=');
      return key && value ? [[key, value]] : [];
    }),
  );

/** What onboarding will make, with the names that things will have. */
export function plannedSteps(wish: OnboardingWish): { text: string; name?: string }[] {
  const own = `tenant_${(wish.slug || 'slug').replaceAll('-', '_')}`;
  return [
    wish.database === 'DEDICATED'
      ? { text: 'Clone a database from the template', name: own }
      : { text: 'Use the pooled database, rows kept apart by row-level security', name: 'tierdeck_pool' },
    ...(wish.database === 'DEDICATED'
      ? [{ text: 'Make a login role that may connect to nothing else', name: own }]
      : []),
    ...(wish.kit ? [{ text: 'Import initial data', name: wish.kit }] : []),
    wish.integrationWorkers === 'DEDICATED'
      ? { text: 'Start integration workers of its own and wait for their heartbeat' }
      : { text: 'Let the pooled integration workers serve it in turn' },
    { text: 'Prove that no other tenant can read it, then activate' },
  ];
}

/** The same by the command line. */
export function onboardCommand(wish: OnboardingWish): string {
  return [
    `tierdeck tenant onboard ${wish.slug || '<slug>'}`,
    `--name '${wish.name || '<name>'}'`,
    `--plan ${wish.plan}`,
    ...(wish.region ? [`--region ${wish.region}`] : []),
    ...(wish.labels.length > 0 ? [`--label ${wish.labels.join(' ')}`] : []),
    ...(wish.database === 'DEDICATED' ? ['--database DEDICATED'] : []),
    ...(wish.integrationWorkers === 'DEDICATED' ? ['--integration-workers DEDICATED'] : []),
    ...(wish.kit ? [`--kit ${wish.kit}`] : []),
  ].join(' ');
}
