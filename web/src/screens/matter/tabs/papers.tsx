import type { Matter, Procedure } from "~/api/shapes";
export function PapersTab({ matter }: { matter: Matter; definition: Procedure }) {
  return <p>{matter.id}</p>;
}
