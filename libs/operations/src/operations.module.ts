import { Module } from '@nestjs/common';
import { OperationsReadModel } from './operations.read-model.js';
import { OperationsResolver } from './operations.resolver.js';

@Module({
  providers: [OperationsReadModel, OperationsResolver],
  exports: [OperationsReadModel],
})
export class OperationsModule {}
