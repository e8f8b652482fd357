import { IconCircleCheck, IconLoader2 } from '@tabler/icons-react';
import { useState } from 'react';
import { ProblemNotice } from '../components/problem-notice.js';
import { Time } from '../components/time.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useLive } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import styles from './propagation.module.css';

const fields = graphql(`
  fragment Propagation on FlagPropagation @_unmask {
    revision
    complete
    applied
    instances
    services {
      service
      applied
      instances
      lagging {
        instance
        appliedRevision
        sdk
        seenAt
      }
    }
  }
`);

const propagationQuery = graphql(
  `
    query FlagPropagation($environment: String!, $flag: String) {
      flagPropagation(environment: $environment, flag: $flag) {
        ...Propagation
      }
    }
  `,
  [fields],
);

const propagationSubscription = graphql(
  `
    subscription FlagPropagationLive($environment: String!, $flag: String) {
      flagPropagation(environment: $environment, flag: $flag) {
        ...Propagation
      }
    }
  `,
  [fields],
);

type Reached = ResultOf<typeof propagationQuery>['flagPropagation'];
const laggingShown = 5;

/** Which instances have the last change of a flag, and which do not yet. */
export function Propagation({ flag, environment }: { flag: string; environment: string }) {
  const { data, problem } = useRead(propagationQuery, { environment, flag });
  const [live, setLive] = useState<Reached>();
  useLive(propagationSubscription, { environment, flag }, ({ flagPropagation }) => setLive(flagPropagation));
  if (problem && !data) return <ProblemNotice problem={problem} />;
  const reached =
    live && live.revision >= (data?.flagPropagation.revision ?? 0) ? live : data?.flagPropagation;
  if (!reached) return null;
  if (reached.instances === 0) {
    return (
      <span className="dim">
        No SDK is connected in {environment}. One that polls or streams with a token of {environment} shows
        here with the revision it has applied.
      </span>
    );
  }
  const Icon = reached.complete ? IconCircleCheck : IconLoader2;
  return (
    <div className={styles['propagation']}>
      <div className={styles['verdict']} data-complete={reached.complete} role="status">
        <Icon size={16} stroke={1.8} aria-hidden="true" />
        <span>
          <b className="num">
            {reached.applied} of {reached.instances}
          </b>{' '}
          instances have revision {reached.revision}.
        </span>
      </div>
      {reached.services.map((service) => (
        <div key={service.service} className={styles['service']}>
          <span className="truncate">{service.service}</span>
          <span className={styles['bar']} aria-hidden="true">
            <i style={{ width: `${(100 * service.applied) / Math.max(1, service.instances)}%` }} />
          </span>
          <span className="num dim">
            {service.applied} of {service.instances}
          </span>
          {service.lagging.slice(0, laggingShown).map(({ instance, appliedRevision, sdk, seenAt }) => (
            <div key={instance} className={styles['lagging']}>
              <span className="mono truncate" title={sdk ?? undefined}>
                {instance}
              </span>{' '}
              at {appliedRevision}, seen <Time at={seenAt} />
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
