import { Page } from '../components/page.js';

export function InstancesPage() {
  return <Page title="Data plane" />;
}
