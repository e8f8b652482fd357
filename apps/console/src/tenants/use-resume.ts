import { useCommand } from '../graphql/use-command.js';
import { resumeTenantMutation } from './lifecycle.query.js';

/** Serves a suspended tenant again. */
export function useResume(tenant: { slug: string; name: string }, onChanged: () => void) {
  const resume = useCommand(resumeTenantMutation);
  const run = async () => {
    await resume.run({ tenant: tenant.slug }, { done: `${tenant.name} is active again` });
    onChanged();
  };
  return { run, busy: resume.busy };
}
