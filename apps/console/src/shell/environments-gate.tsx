import type { PropsWithChildren } from 'react';
import { ProblemState } from '../components/states.js';
import { useRead } from '../graphql/use-read.js';
import { Splash } from '../session/splash.js';
import { EnvironmentsContext, environmentsQuery } from './environment.js';

/** Reads which environments there are before anything is shown in one of them. */
export function EnvironmentsGate({ children }: PropsWithChildren) {
  const { data, problem, refresh } = useRead(environmentsQuery, {});
  if (data) return <EnvironmentsContext value={data.environments}>{children}</EnvironmentsContext>;
  return problem ? <ProblemState problem={problem} onRetry={refresh} /> : <Splash />;
}
