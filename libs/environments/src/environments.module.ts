import { Module } from '@nestjs/common';
import { EnvironmentsReadModel } from './environments.read-model.js';
import { EnvironmentsResolver } from './environments.resolver.js';

@Module({ providers: [EnvironmentsReadModel, EnvironmentsResolver], exports: [EnvironmentsReadModel] })
export class EnvironmentsModule {}
