// The verification away from the page, so that a large bundle does not stop it.
import { type Check, verifyBundle } from "./bundle";

export type Told = { done: number } | { checks: Check[] };

const scope = globalThis as unknown as {
  postMessage: (told: Told) => void;
  onmessage?: (event: MessageEvent<{ file: File; key: string }>) => void;
};
scope.onmessage = async ({ data }) => {
  scope.postMessage({ checks: await verifyBundle(data.file, data.key, (done) => scope.postMessage({ done })) });
};
