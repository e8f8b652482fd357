import { Page } from '../components/page.js';

export function ReleasePage() {
  return <Page title="Release" />;
}
