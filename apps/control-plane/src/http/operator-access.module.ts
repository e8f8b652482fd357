import { Module } from '@nestjs/common';
import { IdentityModule } from '#identity';
import { OperatorAccess } from './operator-access.js';

@Module({ imports: [IdentityModule], providers: [OperatorAccess], exports: [OperatorAccess] })
export class OperatorAccessModule {}
