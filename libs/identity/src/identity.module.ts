import { Module } from '@nestjs/common';
import { AuditReadModel } from '#audit';
import { AuditResolver } from './audit.resolver.js';
import { TokensResolver } from './tokens.resolver.js';

/** GraphQL of tokens and of the audit; the services behind come from the foundation. */
@Module({ providers: [AuditReadModel, AuditResolver, TokensResolver], exports: [AuditReadModel] })
export class IdentityModule {}
