import { Link } from '@tanstack/react-router';
import { Notice } from '../components/notice.js';
import { Time } from '../components/time.js';
import type { TenantDetail } from './tenant.query.js';

/** What everybody who looks at a tenant must know first: that it is refused, or on its way out. */
export function TenantBanner({ tenant }: { tenant: TenantDetail }) {
  const details = (
    <Link to="/tenants/$slug" params={{ slug: tenant.slug }} search={{ tab: 'lifecycle' }}>
      Lifecycle
    </Link>
  );
  if (tenant.status === 'SUSPENDED') {
    return tenant.suspension === 'READ_ONLY' ? (
      <Notice tone="warn" title="Read only">
        Reads are served; writes are refused and its integration jobs wait. {details}
      </Notice>
    ) : (
      <Notice tone="warn" title="Suspended">
        Every request is refused and its integration jobs wait. {details}
      </Notice>
    );
  }
  if (tenant.status === 'OFFBOARDING') {
    return tenant.erasingSince ? (
      <Notice tone="warn" title="Its data is being erased">
        There is no way back any more. {details}
      </Notice>
    ) : (
      <Notice tone="warn" title="Offboarded, and not yet erased">
        {tenant.eraseAfter && (
          <>
            Its data is erased <Time at={tenant.eraseAfter} />; until then it can be brought back whole.{' '}
          </>
        )}
        {details}
      </Notice>
    );
  }
  if (tenant.status === 'OFFBOARDED') {
    return (
      <Notice tone="info" title="Offboarded">
        Its data is erased. The receipt says what was looked for and not found. {details}
      </Notice>
    );
  }
  return null;
}
