import type { Enum } from '../graphql/graphql.js';

/** Units for which a flag can be decided. */
export const matrixUnits = ['BRANCH', 'WAREHOUSE', 'ACCOUNT'] as const satisfies Enum<'UnitKind'>[];
