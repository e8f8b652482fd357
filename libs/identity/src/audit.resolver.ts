import { Args, Query, Resolver, Subscription } from '@nestjs/graphql';
import { AuditReadModel, REVISION_CHANNEL, type AuditEvent, type AuditVerification } from '#audit';
import { Notifications, subscribeTo, type Connection } from '#platform';
import {
  AuditEventConnection,
  AuditEventsArgs,
  AuditEventType,
  AuditVerificationType,
} from './audit.type.js';
import { Requires } from './permission.guard.js';

/** Stands here and not in libs/audit: who may read the audit is a matter of identity, which builds on audit. */
@Resolver(() => AuditEventType)
export class AuditResolver {
  constructor(
    private readonly readModel: AuditReadModel,
    private readonly notifications: Notifications,
  ) {}

  @Query(() => AuditEventConnection)
  @Requires('read')
  auditEvents(@Args() args: AuditEventsArgs): Promise<Connection<AuditEvent>> {
    return this.readModel.page(args, args);
  }

  @Query(() => AuditVerificationType, { description: 'Recomputes the whole hash chain.' })
  @Requires('read')
  verifyAudit(): Promise<AuditVerification> {
    return this.readModel.verify();
  }

  @Subscription(() => AuditEventType, {
    description: 'Every event from now on, in order, none missing.',
    resolve: (event: AuditEvent) => event,
  })
  @Requires('read')
  auditTail(): AsyncIterableIterator<AuditEvent> {
    let last: number | undefined;
    const since = async (): Promise<AuditEvent[]> => {
      if (last === undefined) {
        last = await this.readModel.head();
        return [];
      }
      const events: AuditEvent[] = [];
      for (;;) {
        const more: AuditEvent[] = await this.readModel.after(last);
        events.push(...more);
        last = more.at(-1)?.revision ?? last;
        if (more.length === 0) return events;
      }
    };
    return subscribeTo(this.notifications, REVISION_CHANNEL, since, { initial: true });
  }
}
