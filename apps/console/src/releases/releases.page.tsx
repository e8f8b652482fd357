import { Page } from '../components/page.js';

export function ReleasesPage() {
  return <Page title="Releases" />;
}
