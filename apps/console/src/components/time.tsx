import { Tooltip } from '@mantine/core';
import { formatLocal, formatRelative, formatUtc } from './format.js';
import { useNow } from './use-now.js';

/** How long ago; the tooltip has the time here and in UTC. */
export function Time({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (!at) return <span className="faint">—</span>;
  return (
    <Tooltip
      label={
        <>
          {formatLocal(at)}
          <br />
          {formatUtc(at)}
        </>
      }
    >
      <time dateTime={at} className="num">
        {formatRelative(at, now)}
      </time>
    </Tooltip>
  );
}
