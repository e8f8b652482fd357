import { Args, Field, Float, ID, Int, ObjectType, Query, registerEnumType, Resolver } from '@nestjs/graphql';
import { Requires } from '../permission.guard.js';
import type { AlertKind, SecurityAlert } from './security-alert.js';
import { SecurityAlerts } from './security-alerts.js';

const AlertKindEnum: { [kind in AlertKind]: kind } = {
  FOREIGN_REPORT: 'FOREIGN_REPORT',
  TENANT_TOKEN_AT_OPERATOR_API: 'TENANT_TOKEN_AT_OPERATOR_API',
  WALL_REFUSED: 'WALL_REFUSED',
};
registerEnumType(AlertKindEnum, {
  name: 'SecurityAlertKind',
  valuesMap: {
    FOREIGN_REPORT: { description: 'A token of one tenant reported about another.' },
    TENANT_TOKEN_AT_OPERATOR_API: { description: 'A token of a tenant asked the API of operators.' },
    WALL_REFUSED: { description: 'The database refused a statement of a service for a tenant.' },
  },
});

@ObjectType('SecurityAlert', {
  description:
    'Refused attempts to cross from one tenant to another: of one kind and source, within ten minutes.',
})
export class SecurityAlertType implements SecurityAlert {
  @Field(() => ID)
  id!: string;
  @Field(() => AlertKindEnum)
  kind!: AlertKind;
  @Field(() => String, { description: 'Who tried, e.g. sdk-token/<name> or service/<name>.' })
  source!: string;
  @Field(() => String, { nullable: true, description: 'Slug of the tenant for which it tried.' })
  tenant!: string | null;
  @Field(() => Float)
  attempts!: number;
  @Field(() => Date)
  firstAt!: Date;
  @Field(() => Date)
  lastAt!: Date;
}

@Resolver(() => SecurityAlertType)
export class SecurityAlertsResolver {
  constructor(private readonly alerts: SecurityAlerts) {}

  @Query(() => [SecurityAlertType], { description: 'The newest first.' })
  @Requires('read')
  securityAlerts(
    @Args('first', { type: () => Int, defaultValue: 50 }) first: number,
    @Args('tenant', { type: () => String, nullable: true, description: 'Slug.' }) tenant?: string | null,
  ): Promise<SecurityAlert[]> {
    return this.alerts.recent(first, tenant);
  }
}
