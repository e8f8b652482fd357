import { IconCircleCheck, IconLoader2 } from '@tabler/icons-react';
import { useState } from 'react';
import { Notice } from '../components/notice.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { Time } from '../components/time.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useLive } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import styles from './propagation.module.css';
import { counted, formatNumber } from '../components/format.js';

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

interface PropagationProps {
  flag: string;
  environment: string;
}

/** Who has the last change of a flag, as it spreads. */
function usePropagation({ flag, environment }: PropagationProps) {
  const { data, problem } = useRead(propagationQuery, { environment, flag });
  const [live, setLive] = useState<Reached>();
  useLive(propagationSubscription, { environment, flag }, ({ flagPropagation }) => setLive(flagPropagation));
  const reached =
    live && live.revision >= (data?.flagPropagation.revision ?? 0) ? live : data?.flagPropagation;
  return { reached, problem: data ? undefined : problem };
}

/** While a flag is killed: that it is, and whether everybody has it. */
export function KilledNotice(props: PropagationProps) {
  const { reached } = usePropagation(props);
  const { applied = 0, instances = 0, complete = false, services = [] } = reached ?? {};
  const lagging = services.flatMap((service) => service.lagging.map(({ instance }) => instance));
  return (
    <Notice
      tone={complete ? 'bad' : 'warn'}
      title={`Killed in ${props.environment}: off for everybody, whatever the rules say`}
    >
      {instances === 0
        ? 'No SDK is connected; those that come get it with their first answer.'
        : complete
          ? instances === 1
            ? 'The one connected instance has it.'
            : `All ${formatNumber(instances)} connected instances have it.`
          : `${applied} of ${counted(instances, 'connected instance')} ${instances === 1 ? 'has' : 'have'} it; waiting for ${lagging.slice(0, laggingShown).join(', ') || 'the others'}.`}
    </Notice>
  );
}

/** Which instances have the last change of a flag, and which do not yet. */
export function Propagation(props: PropagationProps) {
  const { environment } = props;
  const { reached, problem } = usePropagation(props);
  if (problem) return <ProblemNotice problem={problem} />;
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
          {reached.instances === 1 ? 'instance has' : 'instances have'} revision {reached.revision}.
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
