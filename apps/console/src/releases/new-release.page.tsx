import { Page } from '../components/page.js';

export function NewReleasePage() {
  return <Page title="Plan a release" />;
}
