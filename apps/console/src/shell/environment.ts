import { useNavigate, useSearch } from '@tanstack/react-router';

export const environments = ['staging', 'production'] as const;
export type Environment = (typeof environments)[number];

/** The environment in view; it is part of the address (`?env=`), production if the address names none. */
export function useEnvironment(): [Environment, (environment: Environment) => void] {
  const { env } = useSearch({ from: '__root__' });
  const navigate = useNavigate();
  return [
    env ?? 'production',
    (environment) =>
      void navigate({ to: '.', search: (search) => ({ ...search, env: environment }), replace: true }),
  ];
}
