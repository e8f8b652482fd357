import { Module } from '@nestjs/common';
import { AuditReadModel } from '#audit';
import { SecurityAlerts } from './alerts/security-alerts.js';
import { SecurityAlertsResolver } from './alerts/security-alerts.resolver.js';
import { AuditResolver } from './audit.resolver.js';
import { SdkTokenListResolver } from './sdk-token-list.resolver.js';
import { SdkTokensReadModel } from './sdk-tokens.read-model.js';
import { TokensResolver } from './tokens.resolver.js';

/** GraphQL of tokens, of the audit and of security alerts; the services behind come from the foundation. */
@Module({
  providers: [
    AuditReadModel,
    AuditResolver,
    TokensResolver,
    SdkTokensReadModel,
    SdkTokenListResolver,
    SecurityAlerts,
    SecurityAlertsResolver,
  ],
  exports: [AuditReadModel, SecurityAlerts],
})
export class IdentityModule {}
