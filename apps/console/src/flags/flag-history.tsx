import { Button } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type AuditEvent, auditQuery, auditTailSubscription } from '../audit/audit.query.js';
import { sentence } from '../components/format.js';
import { Time } from '../components/time.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { FlagValue } from './flag-value.js';
import styles from './flag-side.module.css';
import type { FlagDetail, Scope } from './flags.query.js';
import { describeScope } from './scope.js';
import { backOf } from './take-back.js';
import type { FlagActions } from './use-flag-actions.js';

const shown = 8;

/** The last changes of a flag; the newest one of this environment can be taken back with one click. */
export function FlagHistory({ flag, actions }: { flag: FlagDetail; actions: FlagActions }) {
  const may = useCan('flags:write');
  const subject = `flag/${flag.key}`;
  const { data, refresh } = useRead(auditQuery, { subject, first: 50 });
  const again = useThrottled(refresh);
  useLive(auditTailSubscription, {}, ({ auditTail }) => {
    if (auditTail.subject === subject) again();
  });
  const here = (data?.auditEvents.edges ?? [])
    .map(({ node }) => node)
    .filter(({ environment }) => !environment || environment === flag.environment.name)
    .slice(0, shown);
  const newest = here.findIndex((event) => backOf(event));
  if (data && here.length === 0) return <span className="dim">Nothing was changed yet.</span>;
  return (
    <>
      <ol className={styles['history']}>
        {here.map((event, index) => (
          <li key={event.revision}>
            <div className={styles['historyHead']}>
              <span>
                <b>{wordsOf(event)}</b>
              </span>
              <ValueOf event={event} flag={flag} />
              {index === newest && (
                <Button
                  className={styles['takeBack'] ?? ''}
                  variant="default"
                  size="compact-xs"
                  leftSection={<IconArrowBackUp size={13} />}
                  disabled={!may || flag.archived}
                  loading={actions.busy}
                  onClick={() => void actions.takeBack(event)}
                >
                  Take back
                </Button>
              )}
            </div>
            <div className="dim">
              {event.actor}, <Time at={event.at} />, revision {event.revision}
              {event.reason && <> — “{event.reason}”</>}
            </div>
          </li>
        ))}
      </ol>
      <Link to="/audit" search={{ subject }}>
        The whole history
      </Link>
    </>
  );
}

interface Changed {
  scope?: Scope;
  enabled?: boolean;
  variant?: string | null;
}

function wordsOf({ action, before, after }: AuditEvent): string {
  const state = (after ?? before) as Changed | null;
  const what = sentence(action.replace('flag.', '').replaceAll('-', ' '));
  return state?.scope ? `${what} for ${describeScope(state.scope)}` : what;
}

function ValueOf({ event, flag }: { event: AuditEvent; flag: FlagDetail }) {
  const after = event.after as Changed | null;
  if (event.action !== 'flag.rule-set' || after?.enabled === undefined) return null;
  const variants = flag.variants.map(({ name }) => name);
  return <FlagValue enabled={after.enabled} variant={after.variant} variants={variants} />;
}
