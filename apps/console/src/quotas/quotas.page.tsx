import { Page } from '../components/page.js';

export function QuotasPage() {
  return <Page title="Quotas" />;
}
