import { Injectable } from '@nestjs/common';
import { Database } from '#platform';

export type EnvironmentKind = 'STAGING' | 'PRODUCTION';

export interface Environment {
  name: string;
  kind: EnvironmentKind;
  position: number;
}

@Injectable()
export class EnvironmentsReadModel {
  constructor(private readonly database: Database) {}

  /** In the order in which a release is promoted. */
  async all(): Promise<Environment[]> {
    return this.database.query<Environment>('select name, kind, position from environment order by position');
  }
}
