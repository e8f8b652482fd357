import { useNavigate, useSearch } from '@tanstack/react-router';
import { createContext, useContext } from 'react';
import { graphql, type ResultOf } from '../graphql/graphql.js';

export const environmentsQuery = graphql(`
  query Environments {
    environments {
      name
      kind
      position
    }
  }
`);

export type Environment = ResultOf<typeof environmentsQuery>['environments'][number];

/** Those that the control plane has, in the order in which a release goes through them. */
export const EnvironmentsContext = createContext<readonly Environment[]>([]);

export const useEnvironments = (): readonly Environment[] => useContext(EnvironmentsContext);

/**
 * The name of the environment in view; it is part of the address (`?env=`). Without one, or with one that is not there,
 * it is the production environment.
 */
export function useEnvironment(): [string, (environment: string) => void] {
  const { env } = useSearch({ from: '__root__' });
  const environments = useEnvironments();
  const navigate = useNavigate();
  const known = environments.find(({ name }) => name === env);
  const production = environments.find(({ kind }) => kind === 'PRODUCTION') ?? environments.at(-1);
  return [
    (known ?? production)?.name ?? 'production',
    (environment) =>
      void navigate({ to: '.', search: (search) => ({ ...search, env: environment }), replace: true }),
  ];
}

/** Whether changes in an environment reach those who work with it. */
export function useIsProduction(name: string): boolean {
  const environment = useEnvironments().find((one) => one.name === name);
  return environment ? environment.kind === 'PRODUCTION' : name === 'production';
}
