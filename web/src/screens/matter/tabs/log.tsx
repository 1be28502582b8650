import type { Matter, Procedure } from "~/api/shapes";
export function LogTab({ matter }: { matter: Matter; definition: Procedure }) {
  return <p>{matter.id}</p>;
}
