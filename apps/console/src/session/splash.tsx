import { Center, Loader } from '@mantine/core';

export function Splash() {
  return (
    <Center h="100dvh" aria-label="Loading" role="status">
      <Loader size="sm" type="dots" />
    </Center>
  );
}
