import type { FlagSubject } from '../flag-subjects.js';
import type { FlagSimulationType } from '../graphql/flag.type.js';
import type { Impact } from './simulate.js';

/** An impact as GraphQL shows it. */
export function toSimulationType({ affected, ...counts }: Impact<FlagSubject>): FlagSimulationType {
  return {
    ...counts,
    affected: affected.map(({ subject: { tenant, unitKind, unitCode, unitName }, before, after }) => ({
      tenant,
      unitKind,
      unitCode,
      unitName,
      before,
      after,
    })),
  };
}
