import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '#platform';

/** How long a tenant that has moved may go back. */
@Injectable()
export class UndoWindow {
  constructor(@Inject(CONFIGURATION) private readonly configuration: Configuration) {}

  from(moment: Date): Date {
    return new Date(moment.getTime() + this.configuration.moveUndoSeconds * 1_000);
  }
}
